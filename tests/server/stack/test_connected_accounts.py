"""Providers' access tokens: given out, renewed once however many ask, and never lost by a bad day.

The provider is a real server of its own, with strict rotation: a refresh token that comes twice
ends the connection.
"""

import asyncio
import threading
from typing import Any

import httpx2
import pytest

from keyturn.protocol.tokens import Tokens
from keyturn.server.oauth_providers import store
from keyturn.server.oauth_providers.tokens import TURN_MS
from keyturn.server.storage.base import every
from tests.issuers_.http_ import Answer, as_json
from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of, outcome
from tests.server.stack.providers_ import account_of, api_at, keep

PATH = "/connected-accounts/me/work/access-token"


@pytest.fixture(scope="module")
def server(shared_server: InProcess) -> InProcess:
    return shared_server


@pytest.fixture
def api(server: InProcess, issuer: OpenIssuer) -> Api:
    return api_at(issuer, server)


def connected(
    api: Api, issuer: OpenIssuer, *, lives: float | None = 600, scope: str = "openid email"
) -> SignedIn:
    """Return a person who has signed in at the provider."""
    person = api.person()
    account = account_of(api, person.user_id)
    given = issuer.tokens(issuer.start())
    tokens = Tokens(
        access_token=given["access_token"],
        refresh_token=given["refresh_token"],
        lifetime_seconds=lives,
    )
    keep(api, account, tokens, scope=scope)
    return person


def asked(api: Api, person: SignedIn, path: str = PATH, **body: Any) -> httpx2.Response:
    """Ask as the project's server, whose key does not end however the clock moves."""
    return api.post(path.replace("/me/", f"/{person.user_id}/"), api.secret, json=body)


def test_a_token_with_time_left_is_given_out_as_it_is(api: Api, issuer: OpenIssuer) -> None:
    person = connected(api, issuer)
    answer = asked(api, person, scope="email")
    assert (answer.status_code, answer.json()) == (201, {"access_token": issuer.issued[0]})
    assert api.post(PATH, person.headers).json() == answer.json()
    by_account = "/connected-accounts/me/work/ada/access-token"
    assert asked(api, person, by_account).json() == answer.json()
    assert issuer.grants() == []


def test_a_token_whose_time_is_short_is_renewed_and_the_rotation_kept(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    for rotation in (1, 2, 3):
        clock.advance(400)
        answer = asked(api, person)
        assert answer.json()["access_token"].endswith(f"-{rotation}")
    assert len(set(issuer.grants())) == 3
    assert all(not family.ended for family in issuer.families.values())


def test_however_many_ask_at_once_the_provider_is_asked_once(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    clock.advance(400)

    async def ask_all() -> list[httpx2.Response]:
        async with api.server.client() as client:
            post = client.post("/api/v1" + PATH, headers=person.headers, json={})
            others = [
                client.post("/api/v1" + PATH, headers=person.headers, json={}) for _ in range(9)
            ]
            return list(await asyncio.gather(post, *others))

    answers = api.server.run(ask_all())
    assert {answer.json()["access_token"] for answer in answers} == {issuer.issued[-1]}
    assert len(issuer.grants()) == 1


def test_a_caller_that_goes_away_does_not_lose_the_renewal_it_began(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    clock.advance(400)
    came, go_on = threading.Event(), threading.Event()

    def hold() -> Answer | None:
        came.set()
        go_on.wait(10)
        return None

    issuer.before_refresh = hold

    async def leave_in_the_middle() -> None:
        async with api.server.client() as client:
            post = client.post("/api/v1" + PATH, headers=person.headers, json={})
            asking = asyncio.create_task(post)
            await asyncio.to_thread(came.wait, 10)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            go_on.set()

    api.server.run(leave_in_the_middle())
    issuer.before_refresh = lambda: None
    assert asked(api, person).json()["access_token"] == issuer.issued[-1]
    assert len(issuer.grants()) == 1


def test_a_bad_day_of_the_provider_costs_nobody_the_connection(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    clock.advance(400)
    issuer.broken = True
    assert asked(api, person).json()["access_token"] == issuer.issued[0]  # it has 200 s left
    clock.advance(200)
    assert outcome(asked(api, person)) == (503, "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE")
    issuer.broken = False
    clock.advance(5)  # until then nobody asks it again
    assert asked(api, person).json()["access_token"] == issuer.issued[-1]


def test_a_connection_that_the_provider_has_ended_says_so(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    issuer.before_refresh = lambda: as_json({"error": "invalid_grant"}, 400)
    clock.advance(400)
    assert asked(api, person).status_code == 201  # until its access token ends, too
    clock.advance(200)
    expected = (400, "OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE")
    assert outcome(asked(api, person)) == expected
    assert outcome(asked(api, person)) == expected
    assert len(issuer.grants()) == 1


def test_a_turn_that_was_never_given_back_ends_by_itself(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = connected(api, issuer)
    clock.advance(400)
    storage, now = api.server.services.storage, clock.now
    made = api.get("/oauth-providers", api.secret).json()["items"][0]
    (token,) = api.server.run(storage.read(store.tokens, made["id"]))
    # As a process does that dies then.
    assert api.server.run(storage.write(store.claim, token, until=now + TURN_MS, now=now))
    assert not api.server.run(storage.write(store.claim, token, until=now + TURN_MS, now=now))
    clock.advance(TURN_MS / 1000)
    assert asked(api, person).json()["access_token"] == issuer.issued[-1]


@pytest.mark.proves("T-15")
def test_a_provider_that_is_not_declared_to_be_inside_is_not_asked_there(
    server: InProcess, issuer: OpenIssuer, clock: SetClock
) -> None:
    api = api_at(issuer, server, inside=False)
    person = connected(api, issuer)
    clock.advance(600)
    assert outcome(asked(api, person)) == (503, "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE")
    assert issuer.asked == []


def test_more_than_was_allowed_is_not_given(api: Api, issuer: OpenIssuer) -> None:
    person = connected(api, issuer)
    more = asked(api, person, scope="email calendar")
    assert outcome(more) == (400, "OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE")
    unknown = asked(api, person, "/connected-accounts/me/play/access-token")
    assert outcome(unknown) == (400, "OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED")
    nobody = asked(api, person, "/connected-accounts/me/work/grace/access-token")
    assert outcome(nobody) == (400, "OAUTH_CONNECTION_NOT_CONNECTED_TO_USER")
    assert outcome(asked(api, api.person())) == (400, "OAUTH_CONNECTION_NOT_CONNECTED_TO_USER")


def test_only_what_may_be_connected_is_listed_and_has_tokens(api: Api, issuer: OpenIssuer) -> None:
    person = connected(api, issuer)
    listed = api.get("/connected-accounts/me", person.headers).json()
    account = {"user_id": person.user_id, "provider": "work", "provider_account_id": "ada"}
    assert listed == {"items": [account], "is_paginated": False}
    made = api.get("/oauth-providers?user_id=me", person.headers).json()["items"][0]
    path = f"/oauth-providers/me/{made['id']}"
    api.send("PATCH", path, person.headers, json={"allow_connected_accounts": False})
    assert api.get("/connected-accounts/me", person.headers).json()["items"] == []
    assert outcome(asked(api, person)) == (400, "OAUTH_CONNECTION_NOT_CONNECTED_TO_USER")


def test_a_client_has_no_business_with_the_accounts_of_others(api: Api, issuer: OpenIssuer) -> None:
    owner, stranger = connected(api, issuer), api.person()
    for path in ("", "work/access-token", "work/ada/access-token"):
        where = f"/connected-accounts/{owner.user_id}/{path}".rstrip("/")
        method = "POST" if path else "GET"
        assert api.send(method, where, stranger.headers).status_code == 403
        nobody = f"/connected-accounts/00000000-0000-0000-0000-000000000000/{path}".rstrip("/")
        assert outcome(api.send(method, nobody, api.secret)) == (404, "USER_NOT_FOUND")
    assert code_of(api.get("/connected-accounts/me")) == "CANNOT_GET_OWN_USER_WITHOUT_USER"


def test_another_persons_tokens_do_not_stay_with_an_account_that_changed_hands(
    api: Api, issuer: OpenIssuer
) -> None:
    person = connected(api, issuer)
    made = api.get("/oauth-providers?user_id=me", person.headers).json()["items"][0]
    path = f"/oauth-providers/{person.user_id}/{made['id']}"
    api.send("PATCH", path, api.secret, json={"account_id": "grace"})
    assert outcome(asked(api, person)) == (400, "OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE")


def test_a_person_who_allows_more_and_more_fills_no_database(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    person = api.person()
    account = account_of(api, person.user_id)
    for number in range(15):
        tokens = Tokens(access_token=f"token-{number}", lifetime_seconds=3600)
        keep(api, account, tokens, scope=f"openid extra{number}")
        clock.advance(1)
    assert asked(api, person, scope="extra14").json() == {"access_token": "token-14"}
    assert asked(api, person, scope="extra5").json() == {"access_token": "token-5"}
    assert asked(api, person, scope="extra4").status_code == 400


@pytest.mark.proves("T-9")
def test_neither_token_lies_in_the_database(api: Api, issuer: OpenIssuer) -> None:
    connected(api, issuer)
    made = api.get("/oauth-providers", api.secret).json()["items"][0]
    read = api.server.services.storage.read
    (row,) = api.server.run(read(every, "provider_tokens", account=made["id"]))
    stored = row["access_token_sealed"] + row["refresh_token_sealed"]
    family = next(iter(issuer.families.values()))
    assert issuer.issued[0].encode() not in stored
    assert family.current.encode() not in stored
