"""Invented metadata: registered or refused by the book, and a refusal gives nothing back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.server.oauth.registration_rules import KEPT, redirect_uri_is_safe
from tests.server.bad_input.hostile_urls_ import ALMOST_LOOPBACK, ELSEWHERE, SCHEMES
from tests.server.bad_input.texts_ import MARK
from tests.server.oauth.registering_ import NATIVE, bearer

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

_SAME = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
CODES = {
    "invalid_request",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "unapproved_software_statement",
}
NAMES = (*NATIVE, *KEPT, "scope", "software_statement", "jwks", "jwks_uri", MARK)
TEXT = st.one_of(
    st.sampled_from([MARK, "", "none", "code", "authorization_code", "refresh_token", "openid"]),
    st.sampled_from([*ELSEWHERE, *SCHEMES, *ALMOST_LOOPBACK]),
    st.text(max_size=80),
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.one_of(TEXT, st.none(), st.booleans(), st.integers(), FINITE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def by_the_book(answer: httpx2.Response) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code == 201:
        made = answer.json()
        assert made["redirect_uris"] or "authorization_code" not in made["grant_types"]
        assert all(map(redirect_uri_is_safe, made["redirect_uris"]))
        assert made["client_name"].isprintable()
        return
    assert answer.status_code == 400, answer.text
    found = answer.json()
    assert set(found) == {"error", "error_description"}
    assert found["error"] in CODES
    assert DESCRIPTION.fullmatch(found["error_description"])
    assert MARK[:4] not in answer.text


@pytest.mark.proves("S-20", "S-22", "T-11", "T-14")
def test_whatever_a_program_says_of_itself_it_is_taken_or_refused(shared: InProcess) -> None:
    @_SAME
    @given(changes=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4))
    def register(changes: dict[str, Any]) -> None:
        by_the_book(shared.post("/oauth/register", json={**NATIVE, **changes}))

    register()


@pytest.mark.proves("S-20", "T-11")
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b'{"client_name": "\\ud800"}', "application/json", 400),
        (b'{"client_name": "\\u0000"}', "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json", 413),
        (json.dumps(NATIVE).encode(), "application/x-www-form-urlencoded", 400),
        (json.dumps(NATIVE).encode(), "text/plain", 400),
    ],
)
def test_what_is_no_json_object_of_a_bounded_size_is_no_metadata(
    shared: InProcess, body: bytes, kind: str, status: int
) -> None:
    made = shared.post("/oauth/register", json=NATIVE).json()
    headers = {"content-type": kind} | bearer(made["registration_access_token"])
    managed = f"/oauth/register/{made['client_id']}"
    for method, path in (("POST", "/oauth/register"), ("PUT", managed)):
        sent = headers if method == "PUT" else {"content-type": kind}
        answer = shared.request(method, path, content=body, headers=sent)
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")


@pytest.mark.proves("T-13")
def test_no_token_of_another_kind_manages_a_client(shared: InProcess) -> None:
    made = shared.post("/oauth/register", json={**NATIVE, "token_endpoint_auth_method": ""}).json()
    for other in (made["client_secret"], made["client_id"], "ssk_of_acme", "sak_of_acme"):
        path = f"/oauth/register/{made['client_id']}"
        assert shared.get(path, headers=bearer(other)).status_code == 401
    token = made["registration_access_token"]
    assert shared.get("/oauth/userinfo", headers=bearer(token)).status_code == 401
    form = {"token": token, "client_id": "confidential", "client_secret": "cs_of_acme"}
    assert shared.post("/oauth/introspect", data=form).json() == {"active": False}
