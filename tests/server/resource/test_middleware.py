"""The door of an API: what it asks for, what it lets through, and what it says of itself."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from keyturn.server.resource import (
    KeysUnavailable,
    ProtectedResource,
    RequireAccessToken,
    ResourceMetadata,
    Verifier,
    access_of,
    read_keys,
)
from keyturn.server.resource.keys import Keys
from tests.server.in_process_ import SetClock
from tests.server.resource.tokens_ import API, FORGERIES, ISSUER, NOW, key_set, token

RESOURCE = ProtectedResource(
    uri=API, issuer=ISSUER, scopes=("notes.read", "notes.write"), display_name="Notes"
)
WHERE = "https://notes.example.com/.well-known/oauth-protected-resource/mcp"


class KnownKeys:
    """Keys that were fetched before; counts how often they are asked for."""

    def __init__(self, *, are_out: bool = False) -> None:
        self.asked = 0
        self._are_out = are_out

    async def keys(self, kid: str) -> Keys:
        self.asked += 1
        if self._are_out:
            raise KeysUnavailable("the issuer is out")
        return read_keys(key_set())


async def notes(request: Request) -> JSONResponse:
    access = access_of(request.scope)
    return JSONResponse({"of": access.subject, "by": access.client_id})


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"has access": "keyturn.access" in request.scope})


APP = Starlette(
    routes=[Route("/mcp", notes, methods=["GET", "POST"]), Route("/health", health)],
)


def door(keys: KnownKeys | None = None, *scopes: str) -> RequireAccessToken:
    verifier = Verifier(RESOURCE, keys=keys or KnownKeys(), clock=SetClock(NOW * 1000))
    return RequireAccessToken(
        APP, resource=RESOURCE, verifier=verifier, scopes=scopes, open_paths=["/health"]
    )


def ask(
    app: RequireAccessToken | ResourceMetadata,
    path: str = "/mcp",
    *,
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> httpx2.Response:
    async def send() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=API) as client:
            at = f"https://notes.example.com{path}"
            return await client.request(method, at, headers=headers or [])

    return asyncio.run(send())


def bearer(text: str) -> list[tuple[bytes, bytes]]:
    return [(b"Authorization", b"Bearer " + text.encode())]


@pytest.mark.proves("T-12")
def test_a_good_token_is_let_through_with_what_it_says() -> None:
    for headers in (bearer(token()), [(b"authorization", b"bearer  " + token().encode() + b" ")]):
        reply = ask(door(), headers=headers)
        assert reply.json() == {"of": "ada", "by": "acme-cli"}


@pytest.mark.parametrize("headers", [[], [(b"Authorization", b"Basic eDp5")], bearer("")])
def test_without_a_token_the_challenge_says_where_to_get_one_and_names_no_error(
    headers: list[tuple[bytes, bytes]],
) -> None:
    reply = ask(door(), headers=headers)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == f'Bearer resource_metadata="{WHERE}"'
    assert reply.headers["cache-control"] == "no-store"


def test_a_token_in_the_query_is_no_token() -> None:
    assert ask(door(), f"/mcp?access_token={token()}").status_code == 401


@pytest.mark.proves("T-12")
@pytest.mark.parametrize("name", [name for name in FORGERIES if name != "empty"])
def test_no_forged_token_gets_past_the_door(name: str) -> None:
    forged = FORGERIES[name]()
    reply = ask(door(), headers=bearer(forged.rstrip("\n") if name != "white space" else "x"))
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert reply.json() == {"error": "invalid_token"}


def test_what_is_plainly_no_token_costs_no_look_at_the_keys() -> None:
    keys = KnownKeys()
    for text in ("x", "." * 5000, "x" * 100_000):
        assert ask(door(keys), headers=bearer(text)).status_code == 401
    assert keys.asked == 0


def test_two_tokens_are_refused_even_if_both_are_good() -> None:
    reply = ask(door(), headers=bearer(token()) * 2)
    assert (reply.status_code, reply.json()) == (400, {"error": "invalid_request"})


def test_a_token_without_the_scope_is_told_which_one_is_missing() -> None:
    assert ask(door(None, "notes.read"), headers=bearer(token())).status_code == 200
    reply = ask(door(None, "notes.read", "notes.share"), headers=bearer(token()))
    assert reply.status_code == 403
    challenge = reply.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="notes.read notes.share"' in challenge


@pytest.mark.proves("T-13")
def test_without_the_issuers_keys_nobody_is_let_in_and_everybody_may_try_again() -> None:
    reply = ask(door(KnownKeys(are_out=True)), headers=bearer(token()))
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "www-authenticate" not in reply.headers


@pytest.mark.parametrize(
    "path", ["/health/", "/Health", "/health/../mcp", "//health", "/mcp/health"]
)
def test_only_the_very_path_that_is_open_is_open(path: str) -> None:
    assert ask(door(), "/health").json() == {"has access": False}
    assert ask(door(), path).status_code == 401


def test_the_door_answers_with_its_own_metadata() -> None:
    for app in (door(), ResourceMetadata(RESOURCE)):
        reply = ask(app, "/.well-known/oauth-protected-resource/mcp")
        assert reply.json() == {
            "resource": API,
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["notes.read", "notes.write"],
            "resource_name": "Notes",
        }
        assert reply.headers["access-control-allow-origin"] == "*"
        head = ask(app, "/.well-known/oauth-protected-resource/mcp", method="HEAD")
        assert (head.status_code, head.content) == (200, b"")
        posted = ask(app, "/.well-known/oauth-protected-resource/mcp", method="POST")
        assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("https://h", "/.well-known/oauth-protected-resource"),
        ("https://h/", "/.well-known/oauth-protected-resource"),
        ("https://h:8/a/b/", "/.well-known/oauth-protected-resource/a/b"),
        ("https://h/a?x=1", "/.well-known/oauth-protected-resource/a?x=1"),
    ],
)
def test_the_metadata_lives_where_the_rfc_inserts_it(uri: str, path: str) -> None:
    assert ProtectedResource(uri=uri, issuer=ISSUER).metadata_path == path


def test_a_web_socket_without_a_token_is_never_accepted() -> None:
    sent: list[Mapping[str, Any]] = []
    scope = {"type": "websocket", "path": "/mcp", "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(door()(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.proves("T-9")
def test_neither_log_nor_answer_repeats_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = token(iss="https://evil.example")
    reply = ask(door(), headers=bearer(text))
    assert text not in caplog.text + reply.text + json.dumps(dict(reply.headers))


def loaded_by(statement: str) -> set[str]:
    listed = f"import sys; {statement}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_an_api_loads_nothing_of_the_server_besides() -> None:
    loaded = loaded_by("from keyturn.server.resource import *")
    assert "keyturn.server.resource.remote" in loaded
    heavy = {"fastapi", "starlette", "pydantic", "jinja2", "argon2", "uvicorn", "sqlite3"}
    assert not loaded & heavy
    assert not {name for name in loaded if name.startswith(("keyturn.server.s", "keyturn.client"))}


def test_describing_an_api_loads_no_jose_library() -> None:
    loaded = loaded_by("from keyturn.server.resource import ProtectedResource")
    assert "keyturn.server.resource.metadata" in loaded
    assert "joserfc" not in loaded
