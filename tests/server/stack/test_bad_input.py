"""Wrong, huge, deep and broken requests get the documented error and never a 5xx."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.server.http import body as bodies
from keyturn.server.http.body import LARGEST_BODY, LARGEST_BODY_WITH_IMAGE
from keyturn.server.stack.endpoint import Endpoint, Nothing
from keyturn.server.stack.routes import ENDPOINTS
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api, code_of

JSON = {"content-type": "application/json"}
POLL = "/auth/cli/poll"
WITH_BODIES = [endpoint for endpoint in ENDPOINTS if endpoint.body is not Nothing]


def deep(levels: int, inner: str = "1") -> str:
    return '{"a":' * levels + inner + "}" * levels


@pytest.mark.proves("T-11")
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{'a': 1}", id="not JSON"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b'{"polling_code":"\xed\xa0\x80"}', id="half a character, raw"),
        pytest.param(b'{"polling_code":"\\ud800"}', id="half a character, escaped"),
        pytest.param(b'{"polling_code":"a\\u0000b"}', id="NUL, escaped"),
        pytest.param(b'{"polling_code":"a\x00b"}', id="NUL, raw"),
        pytest.param(b'{"a\\u0000":1}', id="NUL in a name"),
        pytest.param(b'{"polling_code":"a","polling_code":"b"}', id="a member twice"),
        pytest.param(b'{"polling_code":NaN}', id="NaN"),
        pytest.param(b'{"polling_code":-Infinity}', id="Infinity"),
        pytest.param(b'{"polling_code":1e999}', id="a number too large"),
        pytest.param(b'{"polling_code":' + b"9" * 5000 + b"}", id="a number too long"),
        pytest.param(deep(65).encode(), id="65 deep"),
        pytest.param(b"[" * 30_000, id="30,000 deep, open"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="30,000 deep, closed"),
    ],
)
def test_a_body_that_cannot_be_read_has_its_code(api: Api, raw: bytes) -> None:
    answer = api.post(POLL, {**api.client, **JSON}, content=raw)
    assert (answer.status_code, code_of(answer)) == (400, "BODY_PARSING_ERROR")
    assert answer.json()["details"]["message"] == answer.json()["error"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_a_body_of_another_kind_has_the_same_code(api: Api, kind: str) -> None:
    headers = {**api.client, "content-type": kind} if kind else api.client
    answer = api.post(POLL, headers, content=b'{"polling_code":"x"}')
    assert (answer.status_code, code_of(answer)) == (400, "BODY_PARSING_ERROR")


@pytest.mark.parametrize(
    "raw",
    [b"client_id=a&client_id=b", b"client_id=%00", b"client_id=%ff", b"&".join([b"a=1"] * 99)],
)
def test_a_form_that_cannot_be_read_has_the_same_code(api: Api, raw: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = api.post("/auth/oauth/token", headers, content=raw)
    assert (answer.status_code, code_of(answer)) == (400, "BODY_PARSING_ERROR")


def test_json_may_name_its_charset(api: Api) -> None:
    headers = {**api.client, "content-type": "Application/JSON; charset=UTF-8"}
    answer = api.post(POLL, headers, content=b'{"polling_code":"x"}')
    assert code_of(answer) == "INVALID_POLLING_CODE"


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'"x"', b"{}", b'{"polling_code":1}'])
def test_a_body_of_another_shape_is_a_schema_error(api: Api, raw: bytes) -> None:
    answer = api.post(POLL, {**api.client, **JSON}, content=raw)
    assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")
    first = answer.json()["error"].split("\n")[0]
    assert first == "Request validation failed on POST /api/v1/auth/cli/poll:"


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_larger_than_its_place_takes_is_a_413(api: Api, declared: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (LARGEST_BODY // 4)

    raw = b" " * (LARGEST_BODY + 1)
    content: Any = raw if declared else parts()
    answer = api.post(POLL, {**api.client, **JSON}, content=content)
    assert (answer.status_code, "x-stack-known-error" in answer.headers) == (413, False)
    exact = json.dumps({"polling_code": "x"}).encode().ljust(LARGEST_BODY)
    fitting = api.post(POLL, {**api.client, **JSON}, content=exact)
    assert code_of(fitting) == "INVALID_POLLING_CODE"


def test_a_profile_image_may_be_larger_than_other_bodies(api: Api) -> None:
    person = api.person()
    image = "data:image/png;base64," + "A" * 1_000_000
    answer = api.send("PATCH", "/users/me", person.headers, json={"profile_image_url": image})
    assert answer.json()["profile_image_url"] == image
    larger = {"profile_image_url": image + "A" * LARGEST_BODY_WITH_IMAGE}
    refused = api.send("PATCH", "/users/me", person.headers, json=larger)
    assert refused.status_code == 413


@pytest.mark.proves("T-11")
def test_a_body_that_never_arrives_is_given_up(
    api: Api, server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SLOWEST_BODY_SECONDS", 0.01)

    async def send() -> int:
        async def never() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        async with server.client() as client:
            headers = {**api.client, **JSON}
            answer = await client.post(f"/api/v1{POLL}", headers=headers, content=never())
            return answer.status_code

    assert server.run(send()) == 408


def test_nul_in_a_path_or_query_is_a_schema_error(api: Api) -> None:
    for path in ("/users/a%00b", "/users?query=a%00b", "/users?a%00b=1"):
        assert code_of(api.get(path, api.secret)) == "SCHEMA_ERROR"


def test_an_endpoint_without_a_body_takes_an_empty_object_and_nothing_more(api: Api) -> None:
    person = api.person()
    wrong = api.send("DELETE", "/auth/sessions/current", person.headers, json={"all": True})
    assert code_of(wrong) == "SCHEMA_ERROR"
    right = api.send("DELETE", "/auth/sessions/current", person.headers, json={})
    assert right.status_code == 200


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["me", "", "\0", "\ud800", "x" * 300, "' OR 1=1 --", "../..", "%00"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def _bodies(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    members = st.sampled_from([*endpoint.body.model_fields, "more"])
    return st.dictionaries(members, JUNK, max_size=4) | JUNK


MUTATED = st.sampled_from(WITH_BODIES).flatmap(lambda e: st.tuples(st.just(e), _bodies(e)))


@pytest.mark.proves("S-2")
def test_mutated_bodies_never_give_a_5xx(api: Api, server: InProcess) -> None:
    person, team = api.person(), api.post("/teams", api.secret, json={"display_name": "x"}).json()
    names = defaultdict(lambda: "x", {"user_id": person.user_id, "team_id": team["id"]})
    loose = {**api.secret, "content-type": "application/json"}
    seen: list[int] = []

    async def send(method: str, path: str, content: bytes) -> httpx2.Response:
        async with server.client() as client:
            return await client.request(method, path, headers=loose, content=content)

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(MUTATED)
    def mutate(case: tuple[Endpoint, Any]) -> None:
        endpoint, value = case
        content = json.dumps(value).encode("utf-8", "surrogatepass")
        path = f"/api/v1{endpoint.path}".format_map(names)
        answer = server.run(send(endpoint.method, path, content))
        text = answer.text
        seen.append(answer.status_code)
        assert answer.status_code < 500 or text == "Not implemented by this server", text

    mutate()
    assert set(seen) >= {400}


HEADER_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)


def test_mutated_headers_never_give_a_5xx(api: Api, server: InProcess) -> None:
    good = {**api.person().headers, "x-stack-refresh-token": "kts_x"}

    async def send(headers: dict[bytes, bytes]) -> int:
        async with server.client() as client:
            return (await client.get("/api/v1/users/me", headers=headers)).status_code

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from([*good, "prefer", "x-forwarded-for", "user-agent"]), HEADER_VALUES)
    def mutate(name: str, value: str) -> None:
        headers = {**good, name: value}
        raw = {key.encode(): text.encode("latin-1") for key, text in headers.items()}
        assert server.run(send(raw)) < 500

    mutate()
