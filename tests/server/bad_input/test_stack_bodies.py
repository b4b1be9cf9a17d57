"""Bodies that no honest client sends, at every endpoint of the Stack-compatible API that takes one.

One server takes all of them, one after another, and answers each with its documented error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.server.http.body import LARGEST_BODY, LARGEST_BODY_WITH_IMAGE
from keyturn.server.stack.endpoint import Nothing
from keyturn.server.stack.routes import ENDPOINTS
from tests.server.bad_input.bodies_ import UNFIT_JSON, UNREADABLE_FORMS, UNREADABLE_JSON, padded
from tests.server.bad_input.callers_ import Callers, code_of

if TYPE_CHECKING:
    import httpx2

    from keyturn.server.stack.endpoint import Endpoint

WRITING = [
    pytest.param(e, id=f"{e.method} {e.path}") for e in ENDPOINTS if e.method in ("POST", "PATCH")
]
STRUCTURED = ("oauth_providers", "config", "contained_permission_ids")
# A server may do everything that a signed-in user may, and nobody's headers are in its way.
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def send(
    callers: Callers, endpoint: Endpoint, body: bytes, content_type: str | None = JSON
) -> httpx2.Response:
    is_for_servers = endpoint.access is None or "server" in endpoint.access
    key = callers.project_server if is_for_servers else callers.project_admin
    headers = {**callers.signed_in, **key}
    if content_type is not None:
        headers["content-type"] = content_type
    path = callers.path(endpoint.path)
    fields = endpoint.query.model_fields.items()
    query = "&".join(f"{name}=true" for name, field in fields if field.is_required())
    return callers.server.request(
        endpoint.method, f"{path}?{query}" if query else path, content=body, headers=headers
    )


def refused_as(answer: httpx2.Response, code: str, name: str) -> None:
    assert answer.status_code == 400, (name, answer.status_code, answer.text)
    assert code_of(answer) == code, (name, answer.text)
    assert answer.headers["cache-control"] == "no-store, max-age=0"


@pytest.mark.proves("S-2", "T-11")
@pytest.mark.parametrize("endpoint", WRITING)
def test_what_is_not_json_is_a_parsing_error(callers: Callers, endpoint: Endpoint) -> None:
    for name, body in UNREADABLE_JSON.items():
        refused_as(send(callers, endpoint, body), "BODY_PARSING_ERROR", name)


@pytest.mark.proves("S-2", "T-11")
@pytest.mark.parametrize("endpoint", WRITING)
def test_what_is_no_request_of_the_endpoint_is_a_schema_error(
    callers: Callers, endpoint: Endpoint
) -> None:
    for name, body in UNFIT_JSON.items():
        answer = send(callers, endpoint, body)
        refused_as(answer, "SCHEMA_ERROR", name)
        first, _, rest = answer.json()["error"].partition("\n")
        path = callers.path(endpoint.path)
        assert first == f"Request validation failed on {endpoint.method} {path}:"
        assert answer.json()["details"]["message"] == f"{first}\n{rest}"


@pytest.mark.proves("S-2")
@pytest.mark.parametrize("endpoint", WRITING)
def test_a_member_of_another_type_is_a_schema_error(callers: Callers, endpoint: Endpoint) -> None:
    wrong = ("1", '"yes"', "1.5", "[]", "{}", '["a"]', '{"a": 1}', "true", "1e3", "-1")
    for member, field in endpoint.body.model_fields.items():
        if "Any" in str(field.annotation):
            continue  # metadata may be anything
        for value in wrong:
            answer = send(callers, endpoint, f'{{"{member}": {value}}}'.encode())
            fine = answer.status_code in (200, 201, 400, 404, 409, 501)
            # Only the internal project knows of others.
            assert fine or code_of(answer) == "EXPECTED_INTERNAL_PROJECT", (member, value)
            if value == "{}" or value.startswith("["):
                assert answer.status_code == 400 or member in STRUCTURED, (member, value)


@pytest.mark.proves("S-2", "T-11")
@pytest.mark.parametrize("endpoint", WRITING)
def test_only_json_is_taken_for_json(callers: Callers, endpoint: Endpoint) -> None:
    kinds = ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", "", None]
    kinds += ["application/json-patch+json", "application/jsonx", "*/*", "\x7f", FORM + ";a"]
    for kind in kinds:
        if kind is not None and kind.startswith(FORM) and endpoint.form:
            continue
        refused_as(send(callers, endpoint, b"{}", kind), "BODY_PARSING_ERROR", repr(kind))


@pytest.mark.proves("S-2", "T-11")
@pytest.mark.parametrize("endpoint", WRITING)
def test_a_body_beyond_the_limit_is_413_and_not_read(callers: Callers, endpoint: Endpoint) -> None:
    limit = endpoint.most_bytes
    assert limit in (LARGEST_BODY, LARGEST_BODY_WITH_IMAGE)
    refused_as(send(callers, endpoint, padded(limit)), "SCHEMA_ERROR", "at the limit")
    answer = send(callers, endpoint, padded(limit + 1))
    assert answer.status_code == 413
    assert code_of(answer) is None
    assert answer.text == f"The request body has more than {limit} bytes"


@pytest.mark.proves("S-2", "T-11")
def test_only_what_takes_a_picture_a_mail_or_a_sealed_value_takes_a_large_body() -> None:
    large = {e.path for e in ENDPOINTS if e.most_bytes > LARGEST_BODY}
    members = {"profile_image_url", "html", "encrypted_value"}
    holding = {e.path for e in ENDPOINTS if members & e.body.model_fields.keys()}
    assert large == holding


@pytest.mark.proves("S-2", "T-11")
def test_a_broken_form_at_the_token_endpoint_is_a_parsing_error(callers: Callers) -> None:
    endpoint = next(e for e in ENDPOINTS if e.form)
    for name, body in UNREADABLE_FORMS.items():
        answer = send(callers, endpoint, body, FORM)
        code = "SCHEMA_ERROR" if name == "a long value" else "BODY_PARSING_ERROR"
        refused_as(answer, code, name)


@pytest.mark.proves("S-2")
def test_a_body_where_none_is_taken_must_be_empty_or_an_empty_object(callers: Callers) -> None:
    without = [e for e in ENDPOINTS if e.body is Nothing and e.method != "GET"]
    assert without
    for endpoint in without:
        refused_as(send(callers, endpoint, b'{"a": 1}'), "SCHEMA_ERROR", endpoint.path)


@pytest.mark.proves("S-2")
def test_numbers_beyond_their_range_are_schema_errors(callers: Callers) -> None:
    start = next(e for e in ENDPOINTS if e.path == "/auth/cli")
    for number in ("0", "-1", "86400001", "9223372036854775808", "1" + "0" * 4000, "1.0", "1e3"):
        body = f'{{"expires_in_millis": {number}}}'.encode()
        refused_as(send(callers, start, body), "SCHEMA_ERROR", number[:30])
    create = next(e for e in ENDPOINTS if e.path == "/auth/sessions" and e.method == "POST")
    for number in ("0", "-1", "31708800001", "9223372036854775808"):
        body = f'{{"user_id": "x", "expires_in_millis": {number}}}'.encode()
        refused_as(send(callers, create, body), "SCHEMA_ERROR", number)


@pytest.mark.proves("T-11")
def test_metadata_may_be_anything_that_is_json_and_comes_back_as_it_was(callers: Callers) -> None:
    odd = {
        "": "",
        "deep": [[[[[[[[[[1]]]]]]]]]],
        "large": 2**200,
        "text": "\u202e<script>\U0001f600\x7f",
        "many": list(range(5000)),
        "float": 1e-300,
    }
    headers = callers.signed_in
    for metadata in (odd, [odd], "text", 0, False, None, 10**4000):
        answer = callers.server.request(
            "PATCH", "/api/v1/users/me", json={"client_metadata": metadata}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        read = callers.server.get("/api/v1/users/me", headers=headers)
        assert read.json()["client_metadata"] == metadata
