"""Replayed authorization codes: which replay ends what the code gave, and which is only refused.

Every combination of who presents a code, with which verifier and redirect URI, and when. The rule
(RFC 6749 section 4.1.2, RFC 9700 section 4.5): whoever can prove to be the one the code was made
for, after it was redeemed, shows that two hold it, so what it gave ends. Everybody else saw a code
go by, and must be able neither to redeem it, nor to spoil it, nor to sign its holder out.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import httpx2
import pytest

from keyturn.server.events import store as events
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import CLIENT, REDIRECT, VERIFIER, approve, redeem, refresh

VERIFIERS = {"right": VERIFIER, "wrong": "w" * 43, "too short": "v" * 42}
CLIENTS = {"same": CLIENT, "other": "other-cli"}
REDIRECTS = {
    "same": REDIRECT,
    "other port": "http://127.0.0.1:49153/callback",
    "other host": "http://[::1]:49152/callback",
}
PRESENTERS = list(product(VERIFIERS, CLIENTS, REDIRECTS))
RIGHTFUL = ("right", "same", "same")

Later = Callable[[InProcess, dict[str, Any]], dict[str, Any]]


def present(server: InProcess, code: str, who: tuple[str, str, str]) -> httpx2.Response:
    """Present a code as one of ``PRESENTERS``."""
    verifier, client, redirect = who
    return redeem(
        server,
        code,
        code_verifier=VERIFIERS[verifier],
        client_id=CLIENTS[client],
        redirect_uri=REDIRECTS[redirect],
    )


def at_once(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    return tokens


def after_a_refresh(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    return refreshed(server, tokens)


def after_three_refreshes_and_an_hour(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    for _ in range(3):
        server.clock.advance(1200)
        tokens = refreshed(server, tokens)
    return tokens


def when_the_code_is_long_over(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    server.clock.advance(300)
    return tokens


def refreshed(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    reply = refresh(server, tokens["refresh_token"])
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def userinfo(server: InProcess, tokens: dict[str, Any]) -> int:
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    return server.get("/oauth/userinfo", headers=bearer).status_code


@pytest.fixture
def clients(server: InProcess) -> None:
    """Register a second public client, and one that has a secret."""
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, id="other-cli")))
    secret = server.services.secret.hash("client secret", "the secret")
    confidential = replace(found, id="api", auth_method="client_secret_basic", secret_hash=secret)
    server.run(server.services.projects.save_client(confidential))


@pytest.mark.proves("S-21")
@pytest.mark.usefixtures("clients")
def test_before_redemption_nobody_but_the_holder_redeems_or_spoils_a_code(
    server: InProcess,
) -> None:
    code = approve(server, server.person())
    for who in PRESENTERS * 2:
        if who != RIGHTFUL:
            wrong = present(server, code, who)
            assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant"), who
    assert present(server, code, RIGHTFUL).status_code == 200


@pytest.mark.proves("S-21")
@pytest.mark.parametrize(
    "later",
    [at_once, after_a_refresh, after_three_refreshes_and_an_hour, when_the_code_is_long_over],
)
@pytest.mark.usefixtures("clients")
def test_after_redemption_a_replay_ends_the_family_only_if_the_holder_sent_it(
    server: InProcess, later: Later
) -> None:
    for who in PRESENTERS:
        user = server.person()
        code = approve(server, user)
        tokens = later(server, present(server, code, RIGHTFUL).json())
        refused = present(server, code, who)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), who
        log = server.run(server.services.storage.read(events.of_user, user.id))
        replays = [row["session_id"] for row in log if row["kind"] == "code.replayed"]
        if who == RIGHTFUL:
            assert replays == [tokens["session"]]
            assert userinfo(server, tokens) == 401
            assert refresh(server, tokens["refresh_token"]).json()["error"] == "invalid_grant"
        else:
            assert replays == [], who
            assert userinfo(server, refreshed(server, tokens)) == 200, who


@pytest.mark.proves("S-21")
@pytest.mark.usefixtures("clients")
def test_a_code_that_expired_unused_gives_nothing_and_ends_nothing(server: InProcess) -> None:
    user = server.person()
    other = present(server, approve(server, user), RIGHTFUL).json()
    code = approve(server, user)
    server.clock.advance(60)
    for who in PRESENTERS:
        assert present(server, code, who).json()["error"] == "invalid_grant", who
    assert userinfo(server, other) == 200


@pytest.mark.proves("S-21")
@pytest.mark.usefixtures("clients")
def test_a_replay_ends_one_family_and_no_other_of_the_same_person(server: InProcess) -> None:
    user = server.person()
    browser = server.browser(user)[0]
    kept = present(server, approve(server, user, browser), RIGHTFUL).json()
    code = approve(server, user, browser)
    present(server, code, RIGHTFUL)
    present(server, code, RIGHTFUL)
    assert userinfo(server, refreshed(server, kept)) == 200
    found = server.run(server.services.sessions.find(browser.id))
    assert found is not None
    assert found.is_alive(now=server.clock.now)


@pytest.mark.proves("S-21")
@pytest.mark.parametrize("secret", [None, "another secret"])
@pytest.mark.usefixtures("clients")
def test_a_replay_without_the_clients_secret_ends_nothing(
    server: InProcess, secret: str | None
) -> None:
    code = approve(server, server.person(), None, client_id="api")

    def as_api(given: str | None) -> httpx2.Response:
        return redeem(server, code, client_id="api", client_secret=given)

    assert as_api(secret).json()["error"] == "invalid_client"
    tokens = as_api("the secret").json()
    assert as_api(secret).json()["error"] == "invalid_client"
    assert userinfo(server, tokens) == 200
    assert as_api("the secret").json()["error"] == "invalid_grant"
    assert userinfo(server, tokens) == 401
