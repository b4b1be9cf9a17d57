"""Accounts at providers: records of a user's own, and of everybody's for servers."""

from typing import Any
from uuid import uuid4

import pytest

from keyturn.server.oauth_providers import rules
from keyturn.server.oauth_providers.rules import ProviderAccount, ProviderToken
from keyturn.server.projects.providers import Provider
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, code_of, outcome
from tests.server.stack.providers_ import account_of

CLIENT_KEYS = {
    "id", "user_id", "email", "provider_config_id", "type", "allow_sign_in",
    "allow_connected_accounts",
}  # fmt: skip
GONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def server(shared_server: InProcess) -> InProcess:
    return shared_server


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with two providers."""
    work = Provider(id="work", type="openid", client_id="c", issuer="https://id.example")
    google = Provider(id="google", type="google", client_id="c", issuer="https://i.example")
    return Api.create(server, oauth_providers=(work, google))


def test_servers_see_the_providers_name_for_a_person_and_clients_do_not(api: Api) -> None:
    person = api.person()
    made = account_of(api, person.user_id, email="ada@work.example")
    assert made.keys() == CLIENT_KEYS | {"account_id"}
    assert (made["type"], made["provider_config_id"]) == ("openid", "work")
    path = f"/oauth-providers/{person.user_id}/{made['id']}"
    assert api.get(path, api.secret).json() == made
    own = api.get(f"/oauth-providers/me/{made['id']}", person.headers).json()
    assert own.keys() == CLIENT_KEYS
    listed = api.get("/oauth-providers?user_id=me", person.headers).json()
    assert listed == {"items": [own], "is_paginated": False}


def test_an_account_without_an_address_says_nothing_of_one(api: Api) -> None:
    made = account_of(api, api.person().user_id)
    assert made.keys() == CLIENT_KEYS - {"email"} | {"account_id"}


def test_a_user_is_shown_with_the_accounts_it_signs_in_with(api: Api) -> None:
    person = api.person()
    account_of(api, person.user_id, email="ada@work.example")
    account_of(api, person.user_id, provider_config_id="google", allow_sign_in=False)
    shown = {"id": "work", "account_id": "ada", "email": "ada@work.example"}
    assert api.get("/users/me", person.headers).json()["oauth_providers"] == [shown]
    assert api.get(f"/users/{person.user_id}", api.secret).json()["oauth_providers"] == [shown]


def test_a_server_lists_everybodys_accounts_oldest_first(api: Api, clock: SetClock) -> None:
    first, second = api.person(), api.person()
    one = account_of(api, first.user_id)
    clock.advance(1)
    two = account_of(api, second.user_id, account_id="grace")
    assert api.get("/oauth-providers", api.secret).json()["items"] == [one, two]
    of_second = api.get(f"/oauth-providers?user_id={second.user_id}", api.secret).json()
    assert of_second["items"] == [two]
    nobody = api.get(f"/oauth-providers?user_id={GONE}", api.secret)
    assert outcome(nobody) == (404, "USER_NOT_FOUND")


def test_a_client_sees_and_changes_its_own_accounts_only(api: Api) -> None:
    owner, stranger = api.person(), api.person()
    made = account_of(api, owner.user_id)
    path = f"/oauth-providers/{owner.user_id}/{made['id']}"
    for method, where in (
        ("GET", path), ("PATCH", path), ("DELETE", path), ("GET", "/oauth-providers"),
        ("GET", f"/oauth-providers?user_id={owner.user_id}"),
    ):  # fmt: skip
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = api.send(method, where, stranger.headers, **options)
        assert (answer.status_code, "x-stack-known-error" in answer.headers) == (403, False)
    mine = api.get(f"/oauth-providers/me/{made['id']}", stranger.headers)
    assert mine.status_code == 404
    assert code_of(api.get("/oauth-providers?user_id=me")) == "CANNOT_GET_OWN_USER_WITHOUT_USER"
    create = api.post("/oauth-providers", owner.headers, json={})
    assert code_of(create) == "INSUFFICIENT_ACCESS_TYPE"


def test_a_user_switches_what_an_account_is_for_and_a_server_whose_it_is(api: Api) -> None:
    person = api.person()
    made = account_of(api, person.user_id)
    path = f"/oauth-providers/me/{made['id']}"
    changed = api.send("PATCH", path, person.headers, json={"allow_sign_in": False}).json()
    assert (changed["allow_sign_in"], changed["allow_connected_accounts"]) == (False, True)
    own = api.send("PATCH", path, person.headers, json={"account_id": "root"})
    assert code_of(own) == "SCHEMA_ERROR"
    path = f"/oauth-providers/{person.user_id}/{made['id']}"
    body = {"account_id": "lovelace", "email": "lovelace@work.example"}
    changed = api.send("PATCH", path, api.secret, json=body).json()
    assert (changed["account_id"], changed["email"]) == ("lovelace", "lovelace@work.example")


def test_a_removed_account_is_gone_and_frees_its_place(api: Api) -> None:
    person, other = api.person(), api.person()
    made = account_of(api, person.user_id)
    path = f"/oauth-providers/me/{made['id']}"
    assert api.send("DELETE", path, person.headers).json() == {"success": True}
    assert api.send("DELETE", path, person.headers).status_code == 404
    assert account_of(api, other.user_id)["account_id"] == "ada"


def test_an_account_signs_one_person_in(api: Api) -> None:
    person, other = api.person(), api.person()
    account_of(api, person.user_id)
    taken = {"provider_config_id": "work", "account_id": "ada", "allow_connected_accounts": True}
    body = {**taken, "user_id": other.user_id, "allow_sign_in": True}
    answer = api.post("/oauth-providers", api.secret, json=body)
    assert outcome(answer) == (400, "OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN")
    beside = account_of(api, other.user_id, allow_sign_in=False)
    path = f"/oauth-providers/{other.user_id}/{beside['id']}"
    answer = api.send("PATCH", path, api.secret, json={"allow_sign_in": True})
    assert outcome(answer) == (400, "OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN")
    elsewhere = account_of(api, other.user_id, provider_config_id="google")
    assert elsewhere["account_id"] == "ada"


def test_a_person_signs_in_with_one_account_of_a_provider(api: Api) -> None:
    person = api.person()
    account_of(api, person.user_id)
    body = {
        "user_id": person.user_id,
        "provider_config_id": "work",
        "account_id": "countess",
        "allow_sign_in": True,
        "allow_connected_accounts": True,
    }
    answer = api.post("/oauth-providers", api.secret, json=body)
    assert (answer.status_code, code_of(answer)) == (400, None)
    account_of(api, person.user_id, account_id="countess", allow_sign_in=False)
    again = api.post("/oauth-providers", api.secret, json={**body, "allow_sign_in": False})
    assert (again.status_code, code_of(again)) == (400, None)


def test_what_an_account_is_added_to_must_be_there(api: Api) -> None:
    body = {
        "user_id": str(uuid4()),
        "provider_config_id": "work",
        "account_id": "ada",
        "allow_sign_in": True,
        "allow_connected_accounts": False,
    }
    nobody = api.post("/oauth-providers", api.secret, json=body)
    assert outcome(nobody) == (400, "USER_ID_DOES_NOT_EXIST")
    body |= {"user_id": api.person().user_id, "provider_config_id": "github"}
    unknown = api.post("/oauth-providers", api.secret, json=body)
    assert (unknown.status_code, code_of(unknown)) == (404, None)


def _account(account: str, **members: Any) -> ProviderAccount:
    facts: dict[str, Any] = {
        "id": account, "project_id": "p", "user_id": "u", "provider_id": "work",
        "account_id": account, "email": None, "allow_sign_in": True,
        "allow_connected_accounts": True, "created_at": 0,
    }  # fmt: skip
    return ProviderAccount(**{**facts, **members})


def test_which_accounts_may_stand_beside_each_other() -> None:
    ada, holder = _account("ada"), _account("ada", id="theirs", user_id="v")
    other = _account("other", provider_id="google")
    quiet = _account("quiet", allow_sign_in=False)
    assert rules.conflict(ada, [ada, other, quiet], ada) is None
    assert rules.conflict(ada, [_account("countess")], None) == "signs in already"
    double = _account("ada", id="double", allow_sign_in=False)
    assert rules.conflict(double, [ada], ada) == "same account"
    assert rules.conflict(ada, [], holder) == "account taken"
    assert rules.conflict(_account("ada", allow_sign_in=False), [], holder) is None


MINUTE = 60_000


@pytest.mark.parametrize(
    ("lives_ms", "left_ms", "renewable", "choice"),
    [
        (None, None, True, "use"),
        (60 * MINUTE, 6 * MINUTE, True, "use"),
        (60 * MINUTE, 5 * MINUTE, True, "renew"),
        (60 * MINUTE, 1, False, "use"),
        (60 * MINUTE, 0, False, "nothing"),
        (4 * MINUTE, 3 * MINUTE, True, "use"),
        (4 * MINUTE, 2 * MINUTE, True, "renew"),
    ],
)
def test_a_token_is_renewed_while_it_still_has_some_time(
    lives_ms: int | None, left_ms: int | None, renewable: bool, choice: str
) -> None:
    ends = None if lives_ms is None else 10**9 + lives_ms
    token = ProviderToken(
        id="t",
        account="a",
        scope="email openid",
        access_token_sealed=b"",
        access_expires_at=ends,
        refresh_token_sealed=b"sealed" if renewable else None,
        version=1,
        renewing_until=None,
        updated_at=10**9,
    )
    now = 10**9 if ends is None or left_ms is None else ends - left_ms
    assert rules.choose(token, now=now) == choice
    assert rules.with_scopes([token], "openid") == [token]
    assert rules.with_scopes([token], "openid calendar") == []
    assert rules.with_scopes([token], None) == [token]
