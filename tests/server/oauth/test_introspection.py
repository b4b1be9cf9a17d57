"""Introspection tells those whom a token concerns what it is worth, and everybody else nothing."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from keyturn.server.accounts import store as accounts
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import CLIENT, refresh, signed_in

NOTHING = {"active": False}
API = ("api", "secret of the api")
SETTINGS: dict[str, Any] = {
    "projects": [
        {"id": "default", "display_name": "Acme"},
        {"id": "other", "display_name": "Other"},
    ],
    "clients": [
        {"id": CLIENT, "project": "default"},
        {"id": "second-cli", "project": "default"},
        {"id": "api", "project": "default", "secret": API[1]},
        {"id": "foreign-api", "project": "other", "secret": "secret of another"},
    ],
}


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**SETTINGS)


def ask(
    server: InProcess, token: str, *, auth: tuple[str, str] | None = None, **form: Any
) -> httpx2.Response:
    """Ask about a token, as a public client by ``client_id`` or with credentials."""
    options: dict[str, Any] = {"auth": auth} if auth else {}
    return server.post("/oauth/introspect", data={"token": token, **form}, **options)


def told(reply: httpx2.Response) -> dict[str, str]:
    """Return an answer's headers but for the one that names the answer."""
    return {name: value for name, value in reply.headers.items() if name != "x-request-id"}


@pytest.mark.proves("S-26")
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_an_api_learns_what_an_access_token_is_worth(server: InProcess, hint: str) -> None:
    user = server.person()
    tokens = signed_in(server, user, scope="openid email")
    reply = ask(server, tokens["access_token"], auth=API, token_type_hint=hint)
    found = reply.json()
    assert found.pop("jti")
    now = server.clock.now // 1000
    assert found == {
        "active": True,
        "scope": "email openid",
        "client_id": CLIENT,
        "token_type": "Bearer",
        "sub": user.id,
        "aud": BASE_URL,
        "iss": BASE_URL,
        "iat": now,
        "exp": now + 600,
        "sid": tokens["session"],
    }
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.proves("S-26")
def test_a_public_client_may_ask_about_tokens_of_its_own(server: InProcess) -> None:
    tokens = signed_in(server)
    access = ask(server, tokens["access_token"], client_id=CLIENT).json()
    assert (access["active"], access["token_type"]) == (True, "Bearer")
    own = ask(server, tokens["refresh_token"], client_id=CLIENT).json()
    assert (own["active"], own["client_id"]) == (True, CLIENT)
    assert own["exp"] > access["exp"]


@pytest.mark.proves("S-26", "T-13")
def test_for_everybody_else_a_good_token_is_like_one_that_never_was(server: InProcess) -> None:
    tokens = signed_in(server)
    strangers: list[dict[str, Any]] = [
        {"client_id": "second-cli"},
        {"auth": ("foreign-api", "secret of another")},
    ]
    for stranger in strangers:
        never = ask(server, "never was", **stranger)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            reply = ask(server, token, **stranger)
            assert (reply.status_code, reply.json()) == (200, NOTHING)
            assert (reply.content, told(reply)) == (never.content, told(never))
    # An API is given access tokens only, so refresh tokens are none of its business.
    assert ask(server, tokens["refresh_token"], auth=API).json() == NOTHING


@pytest.mark.proves("S-26")
@pytest.mark.parametrize(
    ("auth", "form"),
    [
        (None, {}),
        (None, {"client_id": "nobody"}),
        (None, {"client_id": "api"}),
        (("api", "a wrong secret"), {}),
        (("nobody", "x"), {}),
    ],
)
def test_who_does_not_say_who_asks_is_told_nothing(
    server: InProcess, auth: tuple[str, str] | None, form: dict[str, Any]
) -> None:
    token = signed_in(server)["access_token"]
    replies = [ask(server, text, auth=auth, **form) for text in (token, "never was")]
    assert [r.status_code for r in replies] == [401, 401]
    assert replies[0].json()["error"] == "invalid_client"
    assert replies[0].content == replies[1].content
    assert replies[0].headers["cache-control"] == "no-store"


@pytest.mark.proves("S-26")
def test_what_has_ended_is_inactive(server: InProcess) -> None:
    def are_inactive(tokens: dict[str, Any]) -> bool:
        own: dict[str, Any] = {"client_id": CLIENT}
        answers = [
            ask(server, tokens["access_token"], **own).json(),
            ask(server, tokens["refresh_token"], **own).json(),
            ask(server, tokens["access_token"], auth=API).json(),
        ]
        return answers == [NOTHING] * 3

    revoked, disabled = signed_in(server), server.person()
    barred = signed_in(server, disabled)
    server.post("/oauth/revoke", data={"token": revoked["refresh_token"], "client_id": CLIENT})
    server.run(server.services.storage.write(accounts.update, disabled, disabled_at=1))
    assert are_inactive(revoked)
    assert are_inactive(barred)
    expired = signed_in(server)["access_token"]
    server.clock.advance(600)
    assert ask(server, expired, auth=API).json() == NOTHING


@pytest.mark.proves("S-26", "S-32")
def test_asking_about_the_new_access_token_ends_the_predecessor(server: InProcess) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    assert ask(server, first["refresh_token"], client_id=CLIENT).json()["active"] is True
    server.clock.advance(11)
    ask(server, second["access_token"], auth=API)
    assert ask(server, first["refresh_token"], client_id=CLIENT).json() == NOTHING
    assert ask(server, second["refresh_token"], client_id=CLIENT).json()["active"] is True


def test_asking_changes_no_token(server: InProcess) -> None:
    tokens = signed_in(server)
    for _ in range(3):
        ask(server, tokens["refresh_token"], client_id=CLIENT)
    assert refresh(server, tokens["refresh_token"]).json()["generation"] == 1


def test_a_token_must_be_named(server: InProcess) -> None:
    reply = server.post("/oauth/introspect", data={"client_id": CLIENT})
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


def test_the_metadata_names_it_and_how_to_authenticate(server: InProcess) -> None:
    found = server.get("/.well-known/oauth-authorization-server").json()
    assert found["introspection_endpoint"] == f"{BASE_URL}/oauth/introspect"
    assert "client_secret_basic" in found["introspection_endpoint_auth_methods_supported"]
