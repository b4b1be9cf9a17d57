"""Tokens for one API at a time (RFC 8707), and what APIs say of themselves (RFC 9728)."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from keyturn.server import well_known_app
from keyturn.server.declarations import ResourceDeclaration
from keyturn.server.oauth import rules
from keyturn.server.oauth.authorize import AuthorizationRequest, RedirectableError
from keyturn.server.oauth.resources import resource_problem
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import (
    BROWSER_ORIGIN,
    CLIENT,
    answer,
    decide_device,
    poll,
    redeem,
    refresh,
    request_params,
    signed_in,
)

NOTES, FILES = "https://notes.example.com/mcp", "https://files.example.com"
HERE, ELSEWHERE = f"{BASE_URL}/notes", "https://elsewhere.example.com"
SETTINGS: dict[str, Any] = {
    "projects": [
        {"id": "default", "display_name": "Acme"},
        {"id": "other", "display_name": "Other"},
    ],
    "clients": [{"id": CLIENT, "project": "default"}],
    "resources": [
        {"uri": NOTES, "project": "default"},
        {"uri": FILES, "project": "default"},
        {
            "uri": HERE,
            "project": "default",
            "display_name": "Notes",
            "scopes": {"notes.read": "Read your notes"},
        },
        {"uri": ELSEWHERE, "project": "other"},
    ],
}


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**SETTINGS)


def aud(reply: httpx2.Response) -> str:
    """Return whom the access token of an answer is for."""
    assert reply.status_code == 200, reply.text
    body = reply.json()["access_token"].split(".")[1]
    found: str = json.loads(urlsafe_b64decode(body + "=="))["aud"]
    return found


def read(server: InProcess, *resources: str) -> AuthorizationRequest:
    """Have the server read an authorization request for resources."""
    params = [*request_params(), *(("resource", uri) for uri in resources)]
    return server.run(server.services.authorization.read_request(params))


def code_for(server: InProcess, *resources: str) -> str:
    """Approve a request for resources and return the code."""
    user = server.person()
    url = server.run(
        server.services.authorization.issue_code(
            read(server, *resources),
            browser_session=server.browser(user)[0],
            user=user,
            origin=BROWSER_ORIGIN,
        )
    )
    return answer(url)["code"]


def refused(reply: httpx2.Response) -> bool:
    """Say whether a token request was refused for its resource, and never cached."""
    assert reply.headers["cache-control"] == "no-store"
    return (reply.status_code, reply.json()["error"]) == (400, "invalid_target")


@pytest.mark.proves("S-0c")
def test_a_token_is_for_what_was_authorized_and_for_nothing_else(server: InProcess) -> None:
    assert aud(redeem(server, code_for(server))) == BASE_URL
    assert aud(redeem(server, code_for(server, NOTES))) == NOTES
    assert aud(redeem(server, code_for(server, NOTES), resource=NOTES)) == NOTES
    assert aud(redeem(server, code_for(server, BASE_URL + "/"))) == BASE_URL
    assert aud(redeem(server, code_for(server, FILES + "/"), resource=FILES)) == FILES


@pytest.mark.proves("S-0c", "T-12")
def test_a_token_for_an_api_opens_nothing_here_but_can_be_acknowledged_and_revoked(
    server: InProcess,
) -> None:
    tokens = redeem(server, code_for(server, NOTES)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert server.get("/oauth/userinfo", headers=bearer).status_code == 401
    assert server.post("/oauth/ack", headers=bearer).status_code == 204
    form = {"token": tokens["access_token"], "client_id": CLIENT}
    assert server.post("/oauth/revoke", data=form).status_code == 200
    assert refresh(server, tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.proves("T-13")
@pytest.mark.parametrize(
    "uri", ["https://unknown.example.com", ELSEWHERE, NOTES + "/", NOTES + "#x", "x y", "é"]
)
def test_an_unknown_resource_is_refused_by_redirect(server: InProcess, uri: str) -> None:
    with pytest.raises(RedirectableError) as refusal:
        read(server, uri)
    found = answer(refusal.value.url)
    assert found["error"] == "invalid_target"
    assert (found["iss"], found["state"]) == (BASE_URL, "a state")
    assert uri not in refusal.value.url


def test_a_wrong_resource_does_not_use_up_a_code_nor_a_refresh_token(server: InProcess) -> None:
    code = code_for(server, NOTES)
    for wrong in (FILES, BASE_URL, "https://unknown.example.com"):
        assert refused(redeem(server, code, resource=wrong))
    tokens = redeem(server, code).json()
    assert refused(refresh(server, tokens["refresh_token"], resource=FILES))
    again = refresh(server, tokens["refresh_token"], resource=NOTES)
    assert (aud(again), again.json()["generation"]) == (NOTES, 1)


def test_of_several_resources_each_token_is_for_one(server: InProcess) -> None:
    code = code_for(server, NOTES, FILES)
    members = "&".join(f"resource={uri}" for uri in (NOTES, FILES))
    content = (
        f"grant_type=authorization_code&code={code}&client_id={CLIENT}&code_verifier={'v' * 43}"
        f"&redirect_uri=http://127.0.0.1:49152/callback&{members}"
    )
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert refused(server.post("/oauth/token", content=content, headers=form))
    first = redeem(server, code)
    assert aud(first) == NOTES
    second = refresh(server, first.json()["refresh_token"], resource=FILES)
    assert aud(second) == FILES
    # Narrowing one token narrows no later one (RFC 8707 section 2.2).
    assert aud(refresh(server, second.json()["refresh_token"])) == NOTES


@pytest.mark.proves("S-0c")
def test_who_asked_for_no_resource_gets_none_later(server: InProcess) -> None:
    tokens = signed_in(server)
    assert refused(refresh(server, tokens["refresh_token"], resource=NOTES))
    assert aud(refresh(server, tokens["refresh_token"], resource=BASE_URL)) == BASE_URL


def test_a_resource_that_is_no_longer_declared_gets_no_more_tokens(
    start_server: Callable[..., InProcess], server: InProcess
) -> None:
    token = redeem(server, code_for(server, NOTES)).json()["refresh_token"]
    fewer = start_server(**{**SETTINGS, "resources": []}, data=server.settings.data)
    assert refused(refresh(fewer, token))
    assert aud(refresh(server, token)) == NOTES


def test_a_device_asks_for_a_resource_when_it_starts(server: InProcess) -> None:
    form = {"client_id": CLIENT, "resource": NOTES}
    started = server.post("/oauth/device_authorization", data=form).json()
    decide_device(server, started["user_code"], server.person())
    assert refused(poll(server, started["device_code"], resource=FILES))
    assert aud(poll(server, started["device_code"], resource=NOTES)) == NOTES
    form["resource"] = ELSEWHERE
    assert refused(server.post("/oauth/device_authorization", data=form))


def test_a_request_reads_back_as_it_was_written(server: InProcess) -> None:
    request = read(server, NOTES, FILES, NOTES)
    assert request.resource == (NOTES, FILES)
    again = server.run(
        server.services.authorization.read_request(
            [(n, v) for n, v in httpx2.QueryParams(request.as_query()).multi_items()]
        )
    )
    assert again == request


def test_repeated_values_are_kept_apart() -> None:
    found = rules.single([("resource", "a b"), ("resource", ""), ("resource", "c"), ("x", "1")])
    assert rules.repeated(found, "resource") == ("a b", "c")
    assert rules.repeated(found, "audience") == ()
    with pytest.raises(rules.Malformed):
        rules.single([("resource", "a\x00b")])


@pytest.mark.parametrize(
    "uri", ["", "notes", "urn:x", "ftp://x", "https://", "https://h/#", "https://u@h/", "http://["]
)
def test_a_declared_resource_must_be_a_plain_web_address(uri: str) -> None:
    assert resource_problem(uri)
    with pytest.raises(ValueError, match="uri"):
        ResourceDeclaration(uri=uri, project="default")


@pytest.mark.proves("S-63")
@pytest.mark.parametrize("base_url", [BASE_URL, "https://id.example.com/auth"])
def test_this_servers_own_api_says_where_its_tokens_come_from(
    start_server: Callable[..., InProcess], base_url: str
) -> None:
    server = start_server(base_url=base_url)
    challenge = server.get("/oauth/userinfo").headers["www-authenticate"]
    where = challenge.partition('resource_metadata="')[2].rstrip('"')
    assert where.startswith(base_url.partition("/auth")[0])
    reply = server.get(urlsplit(where).path)
    found = reply.json()
    assert (found["resource"], found["authorization_servers"]) == (base_url, [base_url])
    assert found["bearer_methods_supported"] == ["header"]
    assert reply.headers["cache-control"] == "public, max-age=300"
    assert reply.headers["access-control-allow-origin"] == "*"


def test_a_declared_api_at_this_servers_address_is_described_here(server: InProcess) -> None:
    at = "/.well-known/oauth-protected-resource"
    found = server.get(f"{at}/notes").json()
    assert found == {
        "resource": HERE,
        "authorization_servers": [BASE_URL],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["notes.read"],
        "resource_name": "Notes",
    }
    for path in ("mcp", "notes/", "x", "notes%23"):
        assert server.get(f"{at}/{path}").status_code == 404


@pytest.mark.proves("S-63")
def test_the_root_of_a_host_describes_the_apis_beside_a_mounted_server(
    start_server: Callable[..., InProcess],
) -> None:
    own, issuer = "https://example.com/notes", "https://example.com/auth"
    declared = [{"uri": uri, "project": "default"} for uri in (own, NOTES)]
    server = start_server(**{**SETTINGS, "base_url": issuer, "resources": declared})

    async def ask(path: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=well_known_app(server.app))
        async with httpx2.AsyncClient(transport=transport, base_url=issuer) as client:
            return await client.get(f"https://example.com/.well-known/{path}")

    for name, uri in (("notes", own), ("auth", issuer)):
        reply = server.run(ask(f"oauth-protected-resource/{name}"))
        assert (reply.json()["resource"], reply.status_code) == (uri, 200)
    for path in ("oauth-protected-resource/mcp", "oauth-protected-resource", "x"):
        assert server.run(ask(path)).status_code == 404
