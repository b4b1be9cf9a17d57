"""API keys of users and teams: made, listed, described, revoked and checked."""

import re
import zlib
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from keyturn.server.api_keys import rules
from keyturn.server.api_keys.rules import ApiKey, Kind, Owner
from keyturn.server.storage.base import every
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of, outcome

FACTS = {"id", "description", "is_public", "created_at_millis", "type", "value"}
NEVER: dict[str, Any] = {"description": "Build machine", "expires_at_millis": None}


@pytest.fixture(scope="module")
def server(shared_server: InProcess) -> InProcess:
    return shared_server


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with keys of both kinds, whose users may create teams."""
    switches = ("allow_user_api_keys", "allow_team_api_keys", "client_team_creation_enabled")
    config: dict[str, Any] = dict.fromkeys(switches, True)
    return Api.create(server, **config)


def made(api: Api, person: SignedIn, **members: Any) -> dict[str, Any]:
    body = {**NEVER, "user_id": "me", **members}
    answer = api.post("/user-api-keys", person.headers, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def made_for_team(api: Api, team: str, headers: dict[str, str]) -> dict[str, Any]:
    answer = api.post("/team-api-keys", headers, json={**NEVER, "team_id": team})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def team_of(api: Api, person: SignedIn) -> str:
    body = {"display_name": "Engines", "creator_user_id": "me"}
    found: str = api.post("/teams", person.headers, json=body).json()["id"]
    return found


def checked(api: Api, value: str, kind: str = "user") -> httpx2.Response:
    return api.post(f"/{kind}-api-keys/check", api.secret, json={"api_key": value})


def test_a_key_is_shown_once_in_full_and_then_by_its_last_four(api: Api) -> None:
    person = api.person()
    new = made(api, person)
    assert new.keys() == FACTS | {"user_id"}
    assert (new["type"], new["user_id"]) == ("user", person.user_id)
    shown = {**new, "value": {"last_four": new["value"][-4:]}}
    path = f"/user-api-keys/{new['id']}"
    assert api.get(path, person.headers).json() == shown
    assert api.get(f"{path}?user_id=me", person.headers).json() == shown
    assert checked(api, new["value"]).json() == shown
    listed = api.get("/user-api-keys?user_id=me", person.headers).json()
    assert listed == {"items": [shown], "is_paginated": False}


def test_the_text_of_a_key_is_what_secret_scanners_know(api: Api) -> None:
    person = api.person()
    for is_public, prefix, flags in ((False, "sk", "1"), (True, "pk", "3")):
        new = made(api, person, is_public=is_public)
        shape = rf"{prefix}_([0-9a-hjkmnp-tv-z]{{45}})([0-9a-f]{{32}})user{flags}574ck4u7h(.{{8}})"
        found = re.fullmatch(shape, new["value"])
        assert found, new["value"]
        assert found[2] == new["id"].replace("-", "")
        assert int(found[3], 16) == zlib.crc32(new["value"][:-8].encode())


def test_the_secret_part_of_a_key_keeps_every_bit() -> None:
    low, high = bytes(rules.SECRET_BYTES), b"\xff" * rules.SECRET_BYTES
    texts = [rules.key_text(str(uuid4()), "team", one, is_public=False) for one in (low, high)]
    assert [text[3:48] for text in texts] == ["0" * 45, "z" * 44 + "y"]
    assert all(text[80:94] == "team1574ck4u7h" for text in texts)


@pytest.mark.proves("T-9")
def test_the_database_has_no_key_in_the_clear(api: Api) -> None:
    person = api.person()
    value = made(api, person)["value"]
    query = {"owner_id": person.user_id, "project_id": api.project.id}
    rows = api.server.run(api.server.services.storage.read(every, "api_keys_of_user", **query))
    assert [row["last_four"] for row in rows] == [value[-4:]]
    assert not any(value[3:48] in str(column) for column in tuple(rows[0]))


def test_a_revoked_key_opens_nothing_for_ever(api: Api, clock: SetClock) -> None:
    person = api.person()
    new = made(api, person)
    path = f"/user-api-keys/{new['id']}?user_id=me"
    revoked = api.send("PATCH", path, person.headers, json={"revoked": True}).json()
    assert revoked["manually_revoked_at_millis"] == clock.now
    assert outcome(checked(api, new["value"])) == (401, "API_KEY_REVOKED")
    clock.advance(60)
    again = api.send("PATCH", path, person.headers, json={"revoked": True}).json()
    assert again == revoked
    back = api.send("PATCH", path, person.headers, json={"revoked": False})
    assert code_of(back) == "SCHEMA_ERROR"
    assert api.get("/user-api-keys?user_id=me", person.headers).json()["items"] == [revoked]


def test_a_key_ends_at_its_own_time_and_revoking_is_said_first(api: Api, clock: SetClock) -> None:
    person = api.person()
    new = made(api, person, expires_at_millis=clock.now + 60_000)
    assert new["expires_at_millis"] == clock.now + 60_000
    clock.advance(59.999)
    assert checked(api, new["value"]).status_code == 200
    clock.advance(0.001)
    assert outcome(checked(api, new["value"])) == (401, "API_KEY_EXPIRED")
    api.send("PATCH", f"/user-api-keys/{new['id']}", api.secret, json={"revoked": True})
    assert outcome(checked(api, new["value"])) == (401, "API_KEY_REVOKED")
    past = made(api, person, expires_at_millis=0)
    assert outcome(checked(api, past["value"])) == (401, "API_KEY_EXPIRED")


def test_a_description_changes_alone(api: Api) -> None:
    person = api.person()
    new = made(api, person)
    path = f"/user-api-keys/{new['id']}"
    changed = api.send("PATCH", path, person.headers, json={"description": "Laptop"}).json()
    assert changed["description"] == "Laptop"
    assert "manually_revoked_at_millis" not in changed
    assert api.send("PATCH", path, person.headers, json={}).json() == changed
    assert checked(api, new["value"]).status_code == 200


def test_keys_are_listed_newest_first(api: Api, clock: SetClock) -> None:
    person = api.person()
    for name in ("First", "Second", "Third"):
        made(api, person, description=name)
        clock.advance(1)
    listed = api.get(f"/user-api-keys?user_id={person.user_id}", api.secret).json()["items"]
    assert [item["description"] for item in listed] == ["Third", "Second", "First"]


def test_a_client_manages_its_own_keys_only(api: Api) -> None:
    owner, stranger = api.person(), api.person()
    new = made(api, owner)
    path = f"/user-api-keys/{new['id']}"
    body = {**NEVER, "user_id": owner.user_id}
    for answer in (
        api.get(path, stranger.headers),
        api.get(f"{path}?user_id={owner.user_id}", stranger.headers),
        api.send("PATCH", path, stranger.headers, json={"revoked": True}),
        api.get(f"/user-api-keys?user_id={owner.user_id}", stranger.headers),
        api.post("/user-api-keys", stranger.headers, json=body),
    ):
        assert (answer.status_code, answer.text) == (
            403,
            "Client can only manage their own api keys",
        )
    assert checked(api, new["value"]).status_code == 200
    for answer in (api.get("/user-api-keys?user_id=me"), api.get(path)):
        assert code_of(answer) == "USER_AUTHENTICATION_REQUIRED"
    check = api.post("/user-api-keys/check", owner.headers, json={"api_key": new["value"]})
    assert code_of(check) == "INSUFFICIENT_ACCESS_TYPE"


def test_a_server_makes_keys_for_anybody_who_is_there(api: Api) -> None:
    person = api.person()
    body = {**NEVER, "user_id": person.user_id}
    new = api.post("/user-api-keys", api.secret, json=body).json()
    assert api.get(f"/user-api-keys/{new['id']}", person.headers).status_code == 200
    nobody = {**NEVER, "user_id": str(uuid4())}
    answer = api.post("/user-api-keys", api.secret, json=nobody)
    assert outcome(answer) == (400, "USER_ID_DOES_NOT_EXIST")
    listed = api.get(f"/user-api-keys?user_id={uuid4()}", api.secret)
    assert outcome(listed) == (404, "USER_NOT_FOUND")
    me = api.get("/user-api-keys?user_id=me", api.secret)
    assert code_of(me) == "CANNOT_GET_OWN_USER_WITHOUT_USER"


@pytest.mark.parametrize(
    "body",
    [{}, {"user_id": "me"}, {**NEVER}, {**NEVER, "user_id": "me", "expires_at_millis": -1}],
)
def test_wrong_members_are_schema_errors(api: Api, body: dict[str, Any]) -> None:
    assert code_of(api.post("/user-api-keys", api.person().headers, json=body)) == "SCHEMA_ERROR"
    assert code_of(api.get("/user-api-keys", api.secret)) == "SCHEMA_ERROR"


def test_projects_and_kinds_are_kept_apart(api: Api, server: InProcess) -> None:
    other = Api.create(server, allow_user_api_keys=True, allow_team_api_keys=True)
    person = api.person()
    value = made(api, person)["value"]
    assert outcome(checked(other, value)) == (404, "API_KEY_NOT_FOUND")
    of_team = made_for_team(api, team_of(api, person), person.headers)
    wrong = checked(api, of_team["value"])
    assert outcome(wrong) == (400, "WRONG_API_KEY_TYPE")
    assert wrong.json()["details"] == {"expected_type": "user", "actual_type": "team"}
    assert outcome(checked(api, value, "team")) == (400, "WRONG_API_KEY_TYPE")
    for path in (f"/user-api-keys/{of_team['id']}", f"/user-api-keys/{uuid4()}"):
        assert outcome(api.get(path, api.secret)) == (404, "API_KEY_NOT_FOUND")
    for text in ("sk_", value[:-1], value.upper(), ""):
        assert outcome(checked(api, text)) == (404, "API_KEY_NOT_FOUND")


def test_a_team_has_keys_that_members_in_charge_manage(api: Api) -> None:
    owner, member = api.person(), api.person()
    team = team_of(api, owner)
    api.post(f"/team-memberships/{team}/{member.user_id}", api.secret, json={})
    new = made_for_team(api, team, owner.headers)
    assert new.keys() == FACTS | {"team_id"}
    path = f"/team-api-keys/{new['id']}"
    shown = {**new, "value": {"last_four": new["value"][-4:]}}
    listed = api.get(f"/team-api-keys?team_id={team}", owner.headers).json()
    assert listed == {"items": [shown], "is_paginated": False}
    assert checked(api, new["value"], "team").json() == shown
    assert api.get(f"{path}?team_id={team}", owner.headers).json() == shown
    for answer in (
        api.get(path, member.headers),
        api.get(f"/team-api-keys?team_id={team}", member.headers),
        api.send("PATCH", path, member.headers, json={"revoked": True}),
        api.post("/team-api-keys", member.headers, json={**NEVER, "team_id": team}),
    ):
        assert outcome(answer) == (404, "API_KEY_NOT_FOUND")
    assert code_of(api.get(path)) == "USER_AUTHENTICATION_REQUIRED"
    revoked = api.send("PATCH", path, owner.headers, json={"revoked": True})
    assert "manually_revoked_at_millis" in revoked.json()


def test_a_server_manages_the_keys_of_teams_that_are_there(api: Api) -> None:
    team = team_of(api, api.person())
    assert made_for_team(api, team, api.secret)["team_id"] == team
    gone = str(uuid4())
    for answer in (
        api.post("/team-api-keys", api.secret, json={**NEVER, "team_id": gone}),
        api.get(f"/team-api-keys?team_id={gone}", api.secret),
    ):
        assert outcome(answer) == (404, "TEAM_NOT_FOUND")


def test_keys_go_with_their_owner(api: Api) -> None:
    person = api.person()
    team = team_of(api, person)
    of_user, of_team = made(api, person), made_for_team(api, team, api.secret)
    api.disable(person.user_id)
    assert outcome(checked(api, of_user["value"])) == (401, "API_KEY_REVOKED")
    api.send("DELETE", f"/users/{person.user_id}", api.secret)
    api.send("DELETE", f"/teams/{team}", api.secret)
    assert outcome(checked(api, of_user["value"])) == (404, "API_KEY_NOT_FOUND")
    assert outcome(checked(api, of_team["value"], "team")) == (404, "API_KEY_NOT_FOUND")


def test_a_project_without_the_switch_has_no_keys(server: InProcess) -> None:
    project = Api.create(server, allow_team_api_keys=True)
    person = project.person()
    for answer in (
        project.post("/user-api-keys", person.headers, json={**NEVER, "user_id": "me"}),
        project.get("/user-api-keys?user_id=me", person.headers),
        project.get(f"/user-api-keys/{uuid4()}", person.headers),
        checked(project, "sk_anything"),
    ):
        assert (answer.status_code, answer.text) == (
            400,
            "User API keys are not enabled for this project.",
        )
    assert outcome(checked(project, "sk_anything", "team")) == (404, "API_KEY_NOT_FOUND")
    closed = checked(Api.create(server), "sk_anything", "team")
    assert closed.text == "Team API keys are not enabled for this project."


@pytest.mark.parametrize(
    ("kind", "revoked_at", "expires_at", "standing"),
    [
        ("user", None, None, "good"),
        ("user", None, 101, "good"),
        ("user", None, 100, "expired"),
        ("user", 50, 100, "revoked"),
        ("team", 50, 100, "wrong type"),
    ],
)
def test_what_a_key_is_worth(
    kind: Kind, revoked_at: int | None, expires_at: int | None, standing: str
) -> None:
    key = ApiKey(
        id="1",
        project_id="p",
        owner=Owner(kind=kind, id="u"),
        last_four="abcd",
        description="",
        is_public=False,
        created_at=0,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )
    assert rules.standing(key, wanted="user", now=100) == standing
