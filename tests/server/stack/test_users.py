"""Users: oneself, and everybody for a project's server."""

from typing import Any
from uuid import uuid4

import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import PASSWORD, Api, code_of

CLIENT_KEYS = {
    "auth_with_email", "client_metadata", "client_read_only_metadata", "display_name",
    "has_password", "id", "is_anonymous", "is_restricted", "oauth_providers", "otp_auth_enabled",
    "passkey_auth_enabled", "primary_email", "primary_email_verified", "profile_image_url",
    "requires_totp_mfa", "restricted_by_admin", "restricted_by_admin_reason", "restricted_reason",
    "selected_team", "selected_team_id", "signed_up_at_millis",
}  # fmt: skip
SERVER_KEYS = CLIENT_KEYS | {
    "primary_email_auth_enabled", "server_metadata", "last_active_at_millis",
    "restricted_by_admin_private_details", "country_code", "risk_scores",
}  # fmt: skip
ME = "/users/me"


def test_a_client_sees_21_members_and_a_server_27(api: Api) -> None:
    guest = api.guest()
    assert len(CLIENT_KEYS) == 21
    assert api.get(ME, guest.headers).json().keys() == CLIENT_KEYS
    as_server = {**api.secret, "x-stack-access-token": guest.access_token}
    for answer in (api.get(ME, as_server), api.get(f"/users/{guest.user_id}", api.secret)):
        assert answer.json().keys() == SERVER_KEYS
        assert answer.json()["risk_scores"] == {"sign_up": {"bot": 0, "free_trial_abuse": 0}}
    listed = api.get("/users?include_anonymous=true", api.secret).json()
    assert listed["items"][0].keys() == SERVER_KEYS


def test_a_guest_says_so_everywhere(api: Api) -> None:
    me = api.get(ME, api.guest().headers).json()
    assert (me["is_anonymous"], me["is_restricted"]) == (True, True)
    assert me["restricted_reason"] == {"type": "anonymous"}
    assert (me["has_password"], me["auth_with_email"]) == (False, False)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_me_without_a_user_has_its_code(api: Api, method: str) -> None:
    for headers in (api.client, api.secret):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = api.send(method, ME, headers, **options)
        assert (answer.status_code, code_of(answer)) == (400, "CANNOT_GET_OWN_USER_WITHOUT_USER")


def test_a_client_changes_what_it_may_and_keeps_the_rest(api: Api) -> None:
    person = api.person()
    before = api.get(ME, person.headers).json()
    changes = {
        "display_name": "Countess of Lovelace",
        "client_metadata": {"theme": ["dark", {"deep": None}], "n": 1.5},
        "profile_image_url": "data:image/png;base64,AAAA",
        "otp_auth_enabled": True,
    }
    answer = api.send("PATCH", ME, person.headers, json=changes)
    assert answer.json() == {**before, **changes, "auth_with_email": True}
    assert api.get(ME, person.headers).json() == answer.json()
    cleared = api.send("PATCH", ME, person.headers, json={"profile_image_url": None})
    assert cleared.json()["profile_image_url"] is None
    assert cleared.json()["display_name"] == "Countess of Lovelace"


@pytest.mark.parametrize(
    "body",
    [
        {"server_metadata": {}},
        {"client_read_only_metadata": {}},
        {"primary_email_verified": True},
        {"password": PASSWORD},
        {"is_anonymous": False},
        {"restricted_by_admin": False},
        {"nonsense": 1},
        {"display_name": 5},
        {"display_name": "x" * 257},
        {"otp_auth_enabled": "true"},
        {"otp_auth_enabled": None},
        {"profile_image_url": "javascript:alert(1)"},
        {"primary_email": "not an address"},
        [],
    ],
)
def test_a_client_cannot_change_what_is_for_servers_or_wrong(api: Api, body: Any) -> None:
    person = api.person()
    before = api.get(ME, person.headers).json()
    answer = api.send("PATCH", ME, person.headers, json=body)
    assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")
    assert api.get(ME, person.headers).json() == before


@pytest.mark.parametrize(
    "body",
    [
        {"password_hash": "$2b$10$abcdefghijklmnopqrstuv"},
    ],
)
def test_what_cannot_be_turned_on_yet_says_so_instead_of_pretending(
    api: Api, body: dict[str, Any]
) -> None:
    user = api.person().user_id
    answer = api.send("PATCH", f"/users/{user}", api.secret, json=body)
    assert (answer.status_code, answer.text) == (501, "Not implemented by this server")


def test_a_new_address_is_unverified_and_signs_in_only_once_in_a_project(api: Api) -> None:
    ada = api.account("ada@example.com")
    api.account("grace@example.com")
    taken = api.send("PATCH", ME, ada.headers, json={"primary_email": "Grace@example.com"})
    assert (taken.status_code, code_of(taken)) == (409, "USER_EMAIL_ALREADY_EXISTS")
    changed = api.send("PATCH", ME, ada.headers, json={"primary_email": "ada@example.org"})
    assert changed.json()["primary_email"] == "ada@example.org"
    assert changed.json()["primary_email_verified"] is False
    signed_in = {"email": "ada@example.org", "password": PASSWORD}
    assert api.post("/auth/password/sign-in", json=signed_in).status_code == 200


@pytest.mark.proves("S-0d")
def test_a_password_set_by_the_server_ends_all_sessions(api: Api) -> None:
    ada = api.account("ada@example.com")
    changed = api.send(
        "PATCH", f"/users/{ada.user_id}", api.secret, json={"password": "another one"}
    )
    assert changed.json()["has_password"] is True
    assert code_of(api.get(ME, ada.headers)) == "ACCESS_TOKEN_EXPIRED"
    signed_in = {"email": "ada@example.com", "password": "another one"}
    assert api.post("/auth/password/sign-in", json=signed_in).status_code == 200
    short = api.send("PATCH", f"/users/{ada.user_id}", api.secret, json={"password": "short"})
    assert code_of(short) == "PASSWORD_TOO_SHORT"


def test_a_client_deletes_its_user_only_where_the_project_allows_it(
    api: Api, server: InProcess
) -> None:
    person = api.person()
    refused = api.send("DELETE", ME, person.headers)
    assert (refused.status_code, "x-stack-known-error" in refused.headers) == (400, False)
    assert api.get(ME, person.headers).status_code == 200
    free = Api.create(server, client_user_deletion_enabled=True)
    gone = free.person()
    assert free.send("DELETE", ME, gone.headers).json() == {"success": True}
    assert code_of(free.get(ME, gone.headers)) == "ACCESS_TOKEN_EXPIRED"
    assert code_of(free.get(f"/users/{gone.user_id}", free.secret)) == "USER_NOT_FOUND"


def test_a_server_creates_reads_changes_and_deletes_a_user(api: Api) -> None:
    wanted = {
        "display_name": "Grace",
        "primary_email": "grace@example.com",
        "primary_email_verified": True,
        "server_metadata": {"plan": "gold"},
        "client_read_only_metadata": {"tier": 1},
        "country_code": "US",
        "risk_scores": {"sign_up": {"bot": 3, "free_trial_abuse": 4}},
    }
    created = api.post("/users", api.secret, json=wanted)
    assert created.status_code == 201
    assert wanted.items() <= created.json().items()
    assert created.json()["primary_email_auth_enabled"] is True
    path = f"/users/{created.json()['id']}"
    assert api.get(path, api.secret).json() == created.json()
    changed = api.send("PATCH", path, api.secret, json={"primary_email_auth_enabled": False})
    assert changed.json()["primary_email_auth_enabled"] is False
    assert api.send("DELETE", path, api.secret).json() == {"success": True}
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        answer = api.send(method, path, api.secret, json=body)
        assert (answer.status_code, code_of(answer)) == (404, "USER_NOT_FOUND")


def test_a_server_cannot_create_a_user_with_a_taken_address_or_a_short_password(
    api: Api,
) -> None:
    body = {"primary_email": "ada@example.com", "password": PASSWORD}
    assert api.post("/users", api.secret, json=body).status_code == 201
    taken = api.post("/users", api.secret, json=body)
    assert (taken.status_code, code_of(taken)) == (409, "USER_EMAIL_ALREADY_EXISTS")
    short = api.post("/users", api.secret, json={"password": "short"})
    assert code_of(short) == "PASSWORD_TOO_SHORT"
    assert len(api.get("/users", api.secret).json()["items"]) == 1


def test_a_personal_team_comes_with_users_that_a_server_creates_or_upgrades(
    server: InProcess,
) -> None:
    api = Api.create(server, create_team_on_sign_up=True)
    created = api.post("/users", api.secret, json={"display_name": "Grace"}).json()
    assert created["selected_team"]["display_name"] == "Grace's Team"
    guest = api.guest()
    body = {"is_anonymous": False, "display_name": "Ada"}
    upgraded = api.send("PATCH", f"/users/{guest.user_id}", api.secret, json=body).json()
    assert upgraded["selected_team"]["display_name"] == "Ada's Team"


def test_a_user_of_another_project_is_not_found(api: Api, server: InProcess) -> None:
    foreign = Api.create(server).person()
    answer = api.get(f"/users/{foreign.user_id}", api.secret)
    assert (answer.status_code, code_of(answer)) == (404, "USER_NOT_FOUND")


def test_a_restriction_and_its_reasons_belong_together(api: Api) -> None:
    path = f"/users/{api.person().user_id}"
    reasons = {
        "restricted_by_admin_reason": "Under review",
        "restricted_by_admin_private_details": "rule 7",
    }
    alone = api.send("PATCH", path, api.secret, json=reasons)
    assert code_of(alone) == "SCHEMA_ERROR"
    both = api.send("PATCH", path, api.secret, json={"restricted_by_admin": True, **reasons})
    assert reasons.items() <= both.json().items()
    lifted = api.send("PATCH", path, api.secret, json={"restricted_by_admin": False}).json()
    assert lifted["restricted_by_admin_reason"] is None
    assert lifted["restricted_by_admin_private_details"] is None
    assert lifted["is_restricted"] is False


def test_lists_hide_guests_and_restricted_users_unless_asked(api: Api) -> None:
    person, guest, restricted = api.person().user_id, api.guest().user_id, api.person().user_id
    body = {"restricted_by_admin": True}
    api.send("PATCH", f"/users/{restricted}", api.secret, json=body)

    def listed(query: str) -> set[str]:
        items = api.get(f"/users?{query}", api.secret).json()["items"]
        return {item["id"] for item in items}

    assert listed("") == {person}
    assert listed("include_restricted=true") == {person, restricted}
    assert listed("include_anonymous=true") == {person, guest, restricted}
    assert listed("only_anonymous=true") == {guest}
    assert listed("include_anonymous=false") == {person}


@pytest.mark.parametrize("descending", ["true", "false"])
def test_pages_hold_everybody_once_and_in_order(
    api: Api, server: InProcess, clock: SetClock, descending: str
) -> None:
    made = []
    for turn in range(7):
        clock.advance(turn % 2)  # some have the same instant
        made.append(server.person(project_id=api.project.id).id)
    seen: list[str] = []
    cursor = ""
    while True:
        query = f"limit=3&desc={descending}" + (f"&cursor={cursor}" if cursor else "")
        page = api.get(f"/users?{query}", api.secret).json()
        assert page["is_paginated"] is True
        seen += [item["id"] for item in page["items"]]
        cursor = page["pagination"]["next_cursor"] or ""
        if not cursor:
            break
        assert cursor == seen[-1]
    assert sorted(seen) == sorted(made)
    instants = {u["id"]: u["signed_up_at_millis"] for u in _all(api)}
    order = [instants[user_id] for user_id in seen]
    assert order == sorted(order, reverse=descending == "true")


def test_a_search_finds_names_addresses_and_ids_literally(api: Api) -> None:
    def create(name: str, email: str) -> str:
        body = {"display_name": name, "primary_email": email}
        found: str = api.post("/users", api.secret, json=body).json()["id"]
        return found

    ada, percent = create("Ada", "ada@example.com"), create("100%", "p@example.com")

    def found(query: str) -> set[str]:
        items = api.get("/users", api.secret, params={"query": query}).json()["items"]
        return {item["id"] for item in items}

    assert found("ADA") == {ada}
    assert found("@example.com") == {ada, percent}
    assert found("%") == {percent}
    assert found("_") == set()
    assert found(ada) == {ada}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "desc=1", "order_by=name", "more=1", "limit=1&limit=2", "query=%00"],
)
def test_a_wrong_query_is_a_schema_error(api: Api, query: str) -> None:
    answer = api.get(f"/users?{query}", api.secret)
    assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")


def test_a_client_has_no_business_with_other_users(api: Api) -> None:
    person = api.person()
    for method, path in (("GET", "/users"), ("POST", "/users"), ("GET", f"/users/{uuid4()}")):
        options: dict[str, Any] = {"json": {}} if method == "POST" else {}
        answer = api.send(method, path, person.headers, **options)
        assert (answer.status_code, code_of(answer)) == (401, "INSUFFICIENT_ACCESS_TYPE")


def _all(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get("/users", api.secret).json()["items"]
    return items
