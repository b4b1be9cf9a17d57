"""Every route below /oauth and /.well-known, found in the app itself: none is forgotten here.

Whatever the method, the query, the body and the headers: no 5xx, nothing given back, no answer kept
by a cache but the public documents; and without the database "later", with no door left open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from keyturn.server.app import create_app
from keyturn.server.settings import Settings
from tests.requirements_ import rounds
from tests.server.bad_input.pages_ import FORM_TYPE
from tests.server.bad_input.test_oauth_fuzz import (
    _SAME,
    DESCRIPTION,
    GOOD,
    HEADERS,
    LATIN,
    SCHEMES,
    parameters,
)
from tests.server.bad_input.texts_ import MARK, encoded
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import CLIENT, VERIFIER, request_params, signed_in

if TYPE_CHECKING:
    import httpx2

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
# Public, the same for everybody, and meant to be kept a while.
DOCUMENTS = ("/.well-known/", "/oauth/jwks")
PAGE = "/oauth/authorize"
# Keys are served from memory; a registration token that is none is refused before anything is read.
WITHOUT_IT = ("/oauth/jwks", "/oauth/register/unknown")


def routes() -> list[str]:
    """Return every address of the OAuth face, with something in the place of its parameters."""
    found = {
        route.path
        for route in create_app(Settings()).router.routes
        if isinstance(route, Route) and route.path.startswith(("/oauth", "/.well-known", "/openid"))
    }
    found |= {path.replace("{path:path}", "x/y") for path in found}
    return sorted(p.replace("{client_id}", "unknown") for p in found if "{path" not in p)


def test_the_routes_are_those_of_the_oauth_face() -> None:
    assert {"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/jwks"} < set(routes())
    assert len(routes()) >= 10


@pytest.mark.proves("S-20", "T-14")
@pytest.mark.parametrize("path", [*routes(), "/oauth/", "/oauth/unknown", "/.well-known/unknown"])
def test_no_method_query_body_or_header_is_too_odd_for_a_route(
    shared: InProcess, path: str
) -> None:
    @settings(_SAME, max_examples=rounds(bounded=25, full=300))
    @given(
        method=st.sampled_from(METHODS),
        query=parameters(GOOD),
        form=parameters(GOOD),
        kind=st.sampled_from([FORM_TYPE, "application/json", "text/plain", ""]),
        extra=st.lists(st.tuples(HEADERS, SCHEMES, LATIN), max_size=2),
    )
    def ask(
        method: str,
        query: list[tuple[str, bytes]],
        form: list[tuple[str, bytes]],
        kind: str,
        extra: list[tuple[bytes, bytes, bytes]],
    ) -> None:
        body = json.dumps([MARK, str(form)]).encode() if "json" in kind else encoded(form)
        answer = shared.request(
            method,
            f"{path}?{encoded(query).decode()}",
            content=body,
            headers=[
                (b"content-type", kind.encode()),
                *((name, scheme + MARK.encode() + rest) for name, scheme, rest in extra),
            ],
        )
        is_careful(answer, path)

    ask()


def is_careful(answer: httpx2.Response, path: str) -> None:
    assert answer.status_code < 500, (answer.status_code, answer.text)
    is_document = path.startswith(DOCUMENTS) and answer.status_code == 200
    if not is_document and answer.status_code != 204:  # a preflight says how long it may be kept
        assert "no-store" in answer.headers["cache-control"], answer.status_code
    assert "location" not in answer.headers or path == PAGE
    assert "set-cookie" not in answer.headers
    assert MARK[:4] not in str(answer.headers)
    if path != PAGE:  # a page, which shows names and addresses as text: its own tests
        assert MARK[:4] not in answer.text
    is_json = answer.headers.get("content-type") == "application/json"
    if answer.status_code >= 400 and is_json and answer.content:  # HEAD has none
        found = answer.json()
        assert set(found) == {"error", "error_description"}
        assert DESCRIPTION.fullmatch(found["error_description"])


@pytest.fixture(scope="module")
def off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[InProcess, dict[str, Any]]]:
    """Yield a server whose database is gone since a moment, and tokens that were good."""
    server = InProcess(tmp_path_factory.mktemp("off") / "data", rate_limits="off")
    tokens = signed_in(server)
    server.run(server.services.storage.close())
    yield server, tokens
    server.close()


# Good but for the database; every member that some endpoint needs.
def everything(tokens: dict[str, Any]) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "client_id": CLIENT,
        "refresh_token": tokens["refresh_token"],
        "token": tokens["access_token"],
        "code_verifier": VERIFIER,
    }


@pytest.mark.proves("T-13")
@pytest.mark.parametrize("path", [p for p in routes() if not p.startswith("/.well-known")])
def test_without_the_database_every_route_says_later_and_opens_to_nobody(
    off: tuple[InProcess, dict[str, Any]], path: str
) -> None:
    server, tokens = off
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    good: dict[str, Any] = {"data": everything(tokens)}
    if path.startswith("/oauth/register"):
        good = {"json": {"redirect_uris": ["http://127.0.0.1/callback"]}, "headers": bearer}
    elif path in ("/oauth/userinfo", "/oauth/ack"):
        good = {"headers": bearer}
    said = set()
    for method in ("GET", "POST", "PUT", "DELETE"):
        asked = {"params": dict(request_params())} if path == PAGE else good
        answer = server.request(method, path, **({"headers": bearer} | asked))
        said.add(answer.status_code)
        assert answer.status_code in (400, 401, 405, 503) or path == "/oauth/jwks", answer.text
        assert "access_token" not in answer.text
        if answer.status_code == 503:
            assert answer.headers["retry-after"] in ("1", "2")
            assert "no-store" in answer.headers["cache-control"]
    assert 503 in said or path in WITHOUT_IT, said
