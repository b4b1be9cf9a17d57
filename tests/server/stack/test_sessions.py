"""Sessions: renewing, listing, ending, and those that a project's server begins."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of

TOKEN, REFRESH = "/auth/oauth/token", "/auth/sessions/current/refresh"
CURRENT, SESSIONS = "/auth/sessions/current", "/auth/sessions"
A_DAY = 86_400
NO_KEY = "__stack_public_client__"


def grant(api: Api, refresh_token: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "client_id": api.project.id,
        "client_secret": api.keys.publishable_client_key,
        "refresh_token": refresh_token,
        **changes,
    }


def session_id(api: Api, session: SignedIn) -> str:
    items = api.get(f"{SESSIONS}?user_id=me", session.headers).json()["items"]
    found: str = next(item["id"] for item in items if item["is_current_session"])
    return found


@pytest.mark.proves("S-11")
@pytest.mark.parametrize("form", [True, False])
def test_the_refresh_grant_takes_a_form_or_json_and_no_project_headers(
    api: Api, form: bool
) -> None:
    person = api.person()
    body = grant(api, person.refresh_token)
    options: dict[str, Any] = {"data": body} if form else {"json": body}
    answer = api.post(TOKEN, {}, **options)
    assert answer.status_code == 200
    found = answer.json()
    access_token = found.pop("access_token")
    assert found == {
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": person.refresh_token,
        "scope": "legacy",
        "is_new_user": False,
        "after_callback_redirect_url": None,
    }
    assert api.get("/users/me", api.with_token(access_token)).json()["id"] == person.user_id


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"refresh_token": "kts_unknown"}, 401, "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"),
        ({"refresh_token": ""}, 401, "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"),
        ({"client_id": "nowhere"}, 400, "INVALID_OAUTH_CLIENT_ID_OR_SECRET"),
        ({"client_secret": "pck_wrong"}, 400, "INVALID_OAUTH_CLIENT_ID_OR_SECRET"),
        ({"grant_type": "password"}, 400, "SCHEMA_ERROR"),
        ({"more": "1"}, 400, "SCHEMA_ERROR"),
    ],
)
def test_a_grant_that_cannot_be_has_its_code(
    api: Api, change: dict[str, str], status: int, code: str
) -> None:
    body = {**grant(api, api.person().refresh_token), **change}
    for answer in (api.post(TOKEN, {}, data=body), api.post(TOKEN, {}, json=body)):
        assert (answer.status_code, code_of(answer)) == (status, code)


def test_the_secret_may_be_the_public_word_unless_the_project_requires_its_key(
    api: Api, server: InProcess
) -> None:
    person, strict = api.person(), Api.create(server, publishable_client_key_required=True)
    body = grant(api, person.refresh_token, client_secret=NO_KEY)
    assert api.post(TOKEN, {}, data=body).status_code == 200
    other = strict.person()
    refused = strict.post(TOKEN, {}, data=grant(strict, other.refresh_token, client_secret=NO_KEY))
    assert code_of(refused) == "INVALID_OAUTH_CLIENT_ID_OR_SECRET"
    assert refused.json()["details"] == {"client_id": strict.project.id}
    assert strict.post(TOKEN, {}, data=grant(strict, other.refresh_token)).status_code == 200


def test_a_server_key_is_no_client_secret(api: Api) -> None:
    body = grant(api, api.person().refresh_token, client_secret=api.keys.secret_server_key)
    assert code_of(api.post(TOKEN, {}, data=body)) == "INVALID_OAUTH_CLIENT_ID_OR_SECRET"


def test_a_token_of_another_project_is_unknown(api: Api, server: InProcess) -> None:
    foreign = Api.create(server).person()
    answer = api.post(TOKEN, {}, data=grant(api, foreign.refresh_token))
    assert (answer.status_code, code_of(answer)) == (401, "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED")


@pytest.mark.proves("S-0d", "S-11")
def test_a_refresh_token_lasts_a_year_and_never_changes(api: Api, clock: SetClock) -> None:
    person = api.person()
    for _ in range(3):
        clock.advance(100 * A_DAY)
        assert api.post(TOKEN, {}, data=grant(api, person.refresh_token)).status_code == 200
    clock.advance(65 * A_DAY)
    answer = api.post(TOKEN, {}, data=grant(api, person.refresh_token))
    assert code_of(answer) == "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"


def test_the_header_refresh_answers_an_access_token_alone(api: Api) -> None:
    person = api.person()
    answer = api.post(REFRESH, {**api.client, "x-stack-refresh-token": person.refresh_token})
    assert answer.json().keys() == {"access_token"}
    missing = api.post(REFRESH)
    assert (missing.status_code, code_of(missing)) == (400, "SCHEMA_ERROR")
    unknown = api.post(REFRESH, {**api.client, "x-stack-refresh-token": "kts_unknown"})
    assert (unknown.status_code, code_of(unknown)) == (401, "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED")


def test_signing_out_ends_the_session_of_the_access_token_at_once(api: Api) -> None:
    person = api.person()
    other = api.session_of(person.user_id)
    answer = api.send("DELETE", CURRENT, person.headers, json={})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert code_of(api.get("/users/me", person.headers)) == "ACCESS_TOKEN_EXPIRED"
    refused = api.post(TOKEN, {}, data=grant(api, person.refresh_token))
    assert code_of(refused) == "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"
    again = api.send("DELETE", CURRENT, person.headers)
    assert (again.status_code, code_of(again)) == (401, "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED")
    assert api.get("/users/me", other.headers).status_code == 200
    assert code_of(api.send("DELETE", CURRENT)) == "USER_AUTHENTICATION_REQUIRED"


def test_signing_out_and_renewing_at_once_never_fails_otherwise(
    api: Api, server: InProcess
) -> None:
    async def race(person: SignedIn) -> list[httpx2.Response]:
        headers = {**person.headers, "x-stack-refresh-token": person.refresh_token}
        async with server.client() as client:
            return await asyncio.gather(
                *(client.post(f"/api/v1{REFRESH}", headers=headers) for _ in range(8)),
                *(client.delete(f"/api/v1{CURRENT}", headers=headers) for _ in range(8)),
            )

    for _ in range(5):
        answers = server.run(race(api.person()))
        assert {answer.status_code for answer in answers} <= {200, 401}
        assert sum(answer.json() == {"success": True} for answer in answers) == 1


def test_a_list_has_every_session_newest_first(api: Api, clock: SetClock) -> None:
    person = api.person()
    clock.advance(10)
    newer = api.session_of(person.user_id)
    clock.advance(10)
    body = {"user_id": person.user_id, "is_impersonation": True}
    api.post(SESSIONS, api.secret, json=body)
    found = api.get(f"{SESSIONS}?user_id=me", newer.headers).json()
    assert found.keys() == {"items", "is_paginated"}
    assert found["is_paginated"] is False
    assert [item["created_at"] for item in found["items"]] == [
        clock.now,
        clock.now - 10_000,
        clock.now - 20_000,
    ]
    assert [item["is_current_session"] for item in found["items"]] == [False, True, False]
    assert [item["is_impersonation"] for item in found["items"]] == [True, False, False]
    assert found["items"][0].keys() == {
        "id", "user_id", "created_at", "last_used_at", "is_impersonation", "is_current_session",
        "last_used_at_end_user_ip_info",
    }  # fmt: skip
    as_server = api.get(f"{SESSIONS}?user_id={person.user_id}", api.secret).json()["items"]
    assert [item["id"] for item in as_server] == [item["id"] for item in found["items"]]
    assert code_of(api.get(SESSIONS, api.secret)) == "SCHEMA_ERROR"


def test_a_client_sees_and_ends_only_its_own_sessions(api: Api) -> None:
    mine, theirs = api.person(), api.person()
    answer = api.get(f"{SESSIONS}?user_id={theirs.user_id}", mine.headers)
    assert (answer.status_code, "x-stack-known-error" in answer.headers) == (403, False)
    foreign = session_id(api, theirs)
    assert (
        api.send("DELETE", f"{SESSIONS}/{foreign}?user_id=me", mine.headers).text
        == "Session not found."
    )
    assert api.get("/users/me", theirs.headers).status_code == 200
    nobody = api.get(f"{SESSIONS}?user_id=me")
    assert code_of(nobody) == "CANNOT_GET_OWN_USER_WITHOUT_USER"


def test_another_session_can_be_ended_but_not_the_current_one(api: Api) -> None:
    person = api.person()
    other = api.session_of(person.user_id)
    current, theirs = session_id(api, person), session_id(api, other)
    refused = api.send("DELETE", f"{SESSIONS}/{current}?user_id=me", person.headers)
    assert (refused.status_code, code_of(refused)) == (400, "CANNOT_DELETE_CURRENT_SESSION")
    ended = api.send("DELETE", f"{SESSIONS}/{theirs}?user_id=me", person.headers)
    assert ended.json() == {"success": True}
    for unknown in (theirs, "unknown"):
        again = api.send("DELETE", f"{SESSIONS}/{unknown}?user_id=me", person.headers)
        assert (again.status_code, again.text) == (404, "Session not found.")
    assert code_of(api.get("/users/me", other.headers)) == "ACCESS_TOKEN_EXPIRED"


@pytest.mark.proves("S-0b")
def test_a_server_ends_any_session_of_its_project_and_no_other(api: Api, server: InProcess) -> None:
    person, foreign = api.person(), Api.create(server)
    found = session_id(api, person)
    refused = foreign.send("DELETE", f"{SESSIONS}/{found}", foreign.secret)
    assert (refused.status_code, refused.text) == (404, "Session not found.")
    assert api.send("DELETE", f"{SESSIONS}/{found}", api.secret).status_code == 200
    assert code_of(api.get("/users/me", person.headers)) == "ACCESS_TOKEN_EXPIRED"


def test_a_server_begins_sessions_of_any_length_up_to_367_days(api: Api, clock: SetClock) -> None:
    user = api.person().user_id
    day = A_DAY * 1000
    answer = api.post(SESSIONS, api.secret, json={"user_id": user, "expires_in_millis": 367 * day})
    assert answer.json().keys() == {"access_token", "refresh_token"}
    for wrong in (367 * day + 1, 0, -5, "day"):
        body = {"user_id": user, "expires_in_millis": wrong}
        assert code_of(api.post(SESSIONS, api.secret, json=body)) == "SCHEMA_ERROR"
    short = api.post(SESSIONS, api.secret, json={"user_id": user, "expires_in_millis": 60_000})
    clock.advance(60)
    late = grant(api, short.json()["refresh_token"])
    assert code_of(api.post(TOKEN, {}, data=late)) == "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"
    nobody = api.post(SESSIONS, api.secret, json={"user_id": "nobody"})
    assert (nobody.status_code, code_of(nobody)) == (400, "USER_ID_DOES_NOT_EXIST")
    client = api.post(SESSIONS, json={"user_id": user})
    assert code_of(client) == "INSUFFICIENT_ACCESS_TYPE"


def test_last_use_is_noted_to_the_minute(api: Api, clock: SetClock) -> None:
    person = api.person()
    clock.advance(59)
    api.post(TOKEN, {}, data=grant(api, person.refresh_token))
    began = clock.now - 59_000
    assert _last_used(api, person) == began
    clock.advance(1)
    api.post(TOKEN, {}, data=grant(api, person.refresh_token))
    assert _last_used(api, person) == clock.now


def test_a_browsers_cookie_token_is_no_refresh_token(api: Api, server: InProcess) -> None:
    _, cookie = server.browser(server.person(project_id=api.project.id))
    answer = api.post(TOKEN, {}, data=grant(api, cookie))
    assert code_of(answer) == "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"


def _last_used(api: Api, person: SignedIn) -> int:
    items = api.get(f"{SESSIONS}?user_id={person.user_id}", api.secret).json()["items"]
    found: int = items[0]["last_used_at"]
    return found
