"""Teams: made, found, changed and deleted, with their members and profiles."""

from typing import Any
from uuid import uuid4

import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of

CLIENT_KEYS = {
    "id", "display_name", "profile_image_url", "client_metadata", "client_read_only_metadata",
}  # fmt: skip
SERVER_KEYS = CLIENT_KEYS | {"server_metadata", "created_at_millis"}


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project whose users may create teams."""
    return Api.create(server, client_team_creation_enabled=True)


def team_of(api: Api, person: SignedIn, name: str = "Engines") -> str:
    body = {"display_name": name, "creator_user_id": "me"}
    answer = api.post("/teams", person.headers, json=body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def join(api: Api, team: str, person: SignedIn) -> None:
    answer = api.post(f"/team-memberships/{team}/{person.user_id}", api.secret, json={})
    assert (answer.status_code, answer.json()) == (
        201,
        {"team_id": team, "user_id": person.user_id},
    )


def names(api: Api, path: str, headers: dict[str, str]) -> list[str]:
    found = api.get(path, headers).json()
    return [item["display_name"] for item in found["items"]]


def test_clients_see_five_members_of_a_team_and_servers_seven(api: Api) -> None:
    person = api.person()
    team = team_of(api, person)
    assert api.get(f"/teams/{team}", person.headers).json().keys() == CLIENT_KEYS
    assert api.get(f"/teams/{team}", api.secret).json().keys() == SERVER_KEYS
    listed = api.get("/teams?user_id=me", person.headers).json()
    assert listed["is_paginated"] is False
    assert listed["items"][0].keys() == CLIENT_KEYS


def test_a_client_creates_a_team_only_where_the_project_allows_it(server: InProcess) -> None:
    closed = Api.create(server)
    person = closed.person()
    answer = closed.post("/teams", person.headers, json={"display_name": "Engines"})
    assert (answer.status_code, "x-stack-known-error" in answer.headers) == (403, False)


def test_a_server_creates_a_team_for_somebody_or_nobody(api: Api) -> None:
    person = api.person()
    body = {"display_name": "Engines", "server_metadata": {"seats": 3}}
    alone = api.post("/teams", api.secret, json=body)
    assert (alone.status_code, alone.json()["server_metadata"]) == (201, {"seats": 3})
    api.post("/teams", api.secret, json={**body, "creator_user_id": person.user_id})
    assert names(api, "/teams?user_id=me", person.headers) == ["Engines"]
    nobody = {**body, "creator_user_id": str(uuid4())}
    answer = api.post("/teams", api.secret, json=nobody)
    assert (answer.status_code, code_of(answer)) == (400, "USER_ID_DOES_NOT_EXIST")
    assert len(names(api, "/teams", api.secret)) == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"display_name": ""}, {"display_name": "x", "server_metadata": 1}, {"display_name": None}],
)
def test_wrong_members_are_schema_errors(api: Api, body: dict[str, Any]) -> None:
    assert code_of(api.post("/teams", api.person().headers, json=body)) == "SCHEMA_ERROR"


def test_a_team_is_there_for_its_members_only(api: Api, server: InProcess) -> None:
    owner, stranger = api.person(), api.person()
    team = team_of(api, owner)
    for answer in (
        api.get(f"/teams/{team}", stranger.headers),
        api.get(f"/teams/{uuid4()}", owner.headers),
        Api.create(server).get(f"/teams/{team}", Api.create(server).secret),
    ):
        assert answer.status_code in (404, 401)
    assert code_of(api.get(f"/teams/{team}", stranger.headers)) == "TEAM_NOT_FOUND"
    assert code_of(api.get(f"/teams/{team}")) == "USER_AUTHENTICATION_REQUIRED"
    other = api.get(f"/teams?user_id={owner.user_id}", stranger.headers)
    assert other.status_code == 403


def test_only_whoever_made_a_team_may_change_or_delete_it_as_a_client(api: Api) -> None:
    owner, member = api.person(), api.person()
    team = team_of(api, owner)
    join(api, team, member)
    for method, permission in (("PATCH", "$update_team"), ("DELETE", "$delete_team")):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = api.send(method, f"/teams/{team}", member.headers, **options)
        assert (answer.status_code, code_of(answer)) == (401, "TEAM_PERMISSION_REQUIRED")
        assert answer.json()["details"]["permission_id"] == permission
    changed = api.send("PATCH", f"/teams/{team}", owner.headers, json={"display_name": "New"})
    assert changed.json()["display_name"] == "New"
    assert api.send("DELETE", f"/teams/{team}", owner.headers).json() == {"success": True}
    assert code_of(api.get(f"/teams/{team}", owner.headers)) == "TEAM_NOT_FOUND"


def test_members_join_once_and_leave_by_themselves(api: Api) -> None:
    owner, member = api.person(), api.person()
    team = team_of(api, owner)
    join(api, team, member)
    path = f"/team-memberships/{team}/{member.user_id}"
    again = api.post(path, api.secret, json={})
    assert (again.status_code, code_of(again)) == (409, "TEAM_MEMBERSHIP_ALREADY_EXISTS")
    unknown = api.post(f"/team-memberships/{team}/{uuid4()}", api.secret)
    assert (unknown.status_code, code_of(unknown)) == (404, "USER_NOT_FOUND")
    removed = api.send("DELETE", f"/team-memberships/{team}/{owner.user_id}", member.headers)
    assert code_of(removed) == "TEAM_PERMISSION_REQUIRED"
    left = api.send("DELETE", f"/team-memberships/{team}/me", member.headers, json={})
    assert left.json() == {"success": True}
    assert names(api, "/teams?user_id=me", member.headers) == []
    gone = api.send("DELETE", path, api.secret)
    assert (gone.status_code, code_of(gone)) == (404, "TEAM_MEMBERSHIP_NOT_FOUND")


def test_a_user_selects_a_team_of_its_own_and_loses_it_with_the_membership(api: Api) -> None:
    person, other = api.person(), api.person()
    team, foreign = team_of(api, person), team_of(api, other)
    body = {"selected_team_id": foreign}
    refused = api.send("PATCH", "/users/me", person.headers, json=body)
    assert (refused.status_code, code_of(refused)) == (404, "TEAM_MEMBERSHIP_NOT_FOUND")
    body = {"selected_team_id": team}
    selected = api.send("PATCH", "/users/me", person.headers, json=body).json()
    assert selected["selected_team"]["id"] == selected["selected_team_id"] == team
    api.send("DELETE", f"/team-memberships/{team}/me", person.headers)
    me = api.get("/users/me", person.headers).json()
    assert (me["selected_team"], me["selected_team_id"]) == (None, None)


def test_deleting_a_team_unselects_it(api: Api) -> None:
    person = api.person()
    team = team_of(api, person)
    api.send("PATCH", "/users/me", person.headers, json={"selected_team_id": team})
    api.send("DELETE", f"/teams/{team}", api.secret)
    assert api.get("/users/me", person.headers).json()["selected_team_id"] is None


def test_a_server_lists_teams_by_user_and_users_by_team(api: Api) -> None:
    owner, member = api.person(), api.person()
    first, _ = team_of(api, owner, "First"), team_of(api, owner, "Second")
    join(api, first, member)
    path = f"/teams?user_id={owner.user_id}"
    assert sorted(names(api, path, api.secret)) == ["First", "Second"]
    users = api.get(f"/users?team_id={first}", api.secret).json()["items"]
    assert {user["id"] for user in users} == {owner.user_id, member.user_id}
    page = api.get("/teams?limit=1&desc=true", api.secret).json()
    assert (len(page["items"]), page["is_paginated"]) == (1, True)
    rest = api.get(
        f"/teams?limit=1&desc=true&cursor={page['pagination']['next_cursor']}", api.secret
    ).json()
    assert {page["items"][0]["display_name"], rest["items"][0]["display_name"]} == {
        "First",
        "Second",
    }
    assert names(api, "/teams?query=fir", api.secret) == ["First"]
    assert api.get("/teams", owner.headers).status_code == 403


def test_a_profile_is_the_users_own_until_it_is_changed_for_one_team(
    api: Api, clock: SetClock
) -> None:
    owner, member = api.person(), api.person()
    team = team_of(api, owner)
    clock.advance(1)  # whoever joined first comes first
    join(api, team, member)
    path = f"/team-member-profiles/{team}/me"
    assert api.get(path, member.headers).json() == {
        "team_id": team,
        "user_id": member.user_id,
        "display_name": "Ada Lovelace",
        "profile_image_url": None,
    }
    changed = api.send("PATCH", path, member.headers, json={"display_name": "The Countess"})
    assert changed.json()["display_name"] == "The Countess"
    listed = api.get(f"/team-member-profiles?team_id={team}", owner.headers).json()["items"]
    assert [item["display_name"] for item in listed] == ["Ada Lovelace", "The Countess"]
    as_server = api.get(f"/team-member-profiles?team_id={team}", api.secret).json()["items"]
    assert as_server[1]["user"]["id"] == member.user_id
    theirs = f"/team-member-profiles/{team}/{owner.user_id}"
    assert api.send("PATCH", theirs, member.headers, json={}).status_code == 403
    assert api.send("PATCH", theirs, api.secret, json={"display_name": None}).status_code == 200
    stranger = api.person()
    for query in (f"team_id={team}", ""):
        assert api.get(f"/team-member-profiles?{query}", stranger.headers).status_code in (400, 404)
    mine = api.get("/team-member-profiles?user_id=me", member.headers).json()["items"]
    assert len(mine) == 1
    for query, code in (("team_id", "TEAM_NOT_FOUND"), ("user_id", "USER_NOT_FOUND")):
        nothing = api.get(f"/team-member-profiles?{query}={uuid4()}", api.secret)
        assert (nothing.status_code, code_of(nothing)) == (404, code)


def test_a_personal_team_that_was_renamed_keeps_its_name_at_the_upgrade(
    server: InProcess,
) -> None:
    project = Api.create(server, create_team_on_sign_up=True)
    account = project.account("ada@example.com")
    team = project.get("/teams?user_id=me", account.headers).json()["items"][0]["id"]
    body = {"display_name": "Ours"}
    project.send("PATCH", f"/teams/{team}", account.headers, json=body)
    found = server.run(server.services.teams.find(project.project.id, team))
    assert found is not None
    assert (found.display_name, found.personal_of) == ("Ours", None)
