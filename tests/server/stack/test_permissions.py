"""Permissions: who has what in a team and in the project, and what the permissions are."""

import sqlite3
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from keyturn.server.permissions.rules import SYSTEM
from keyturn.server.services import DATABASE_FILE
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api, SignedIn, code_of

DEFINITIONS = "/team-permission-definitions"


@pytest.fixture
def server(shared_server: InProcess) -> InProcess:
    """Return the server of this file, a day later: no limit of another test is left."""
    shared_server.clock.advance(24 * 3600)
    return shared_server


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project whose users may create teams."""
    return Api.create(server, client_team_creation_enabled=True)


def team_of(api: Api, person: SignedIn) -> str:
    answer = api.post("/teams", person.headers, json={"display_name": "Engines"})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def member_of(api: Api, team: str) -> SignedIn:
    person = api.person()
    api.post(f"/team-memberships/{team}/{person.user_id}", api.secret, json={})
    return person


def held(api: Api, person: SignedIn, query: str = "", where: str = "team") -> list[str]:
    answer = api.get(f"/{where}-permissions?user_id=me{query}", person.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_paginated"] is False
    return [item["id"] for item in answer.json()["items"]]


def define(api: Api, path: str = DEFINITIONS, **body: Any) -> httpx2.Response:
    return api.post(path, api.admin, json=body)


def _as_before(server: InProcess) -> None:
    """Leave the database as a version without permissions writes it."""
    script = """
        UPDATE team_member SET permissions_written_at = NULL;
        DELETE FROM team_permission;
    """
    if server.settings.database:
        server.run(_executed(server.settings.database, script))
        return
    with closing(sqlite3.connect(server.settings.data / DATABASE_FILE)) as connection:
        connection.executescript(script)


async def _executed(url: str, script: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def test_whoever_makes_a_team_is_its_admin_and_who_joins_a_member(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    member = member_of(api, team)
    assert held(api, owner) == ["team_admin"]
    assert held(api, owner, "&recursive=true") == [*sorted(SYSTEM), "team_admin"]
    assert held(api, member) == ["team_member"]
    everything = held(api, member, f"&recursive=true&team_id={team}")
    assert everything == ["$invite_members", "$read_members", "team_member"]
    assert held(api, member, "&recursive=true&permission_id=$read_members") == ["$read_members"]
    assert held(api, member, "&recursive=false&permission_id=$read_members") == []


@pytest.mark.proves("S-2")
def test_a_permission_is_granted_used_and_taken_back(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    member = member_of(api, team)
    path = f"/team-permissions/{team}/{member.user_id}/$update_team"
    granted = api.post(path, api.secret, json={})
    assert (granted.status_code, granted.json()) == (
        201,
        {"id": "$update_team", "team_id": team, "user_id": member.user_id},
    )
    assert api.post(path, api.secret).status_code == 201  # again: nothing changes
    assert held(api, member) == ["$update_team", "team_member"]
    changed = api.send("PATCH", f"/teams/{team}", member.headers, json={"display_name": "New"})
    assert changed.status_code == 200
    assert api.send("DELETE", path, api.secret).json() == {"success": True}
    refused = api.send("PATCH", f"/teams/{team}", member.headers, json={})
    assert (refused.status_code, code_of(refused)) == (401, "TEAM_PERMISSION_REQUIRED")
    again = api.send("DELETE", path, api.secret)
    assert (again.status_code, code_of(again)) == (401, "TEAM_PERMISSION_NOT_FOUND")


def test_what_a_permission_contains_cannot_be_taken_back_alone(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    path = f"/team-permissions/{team}/{owner.user_id}/$update_team"
    answer = api.send("DELETE", path, api.secret)
    assert code_of(answer) == "TEAM_PERMISSION_NOT_FOUND"
    assert "$update_team" in held(api, owner, "&recursive=true")


def test_members_are_seen_only_with_the_permission_for_it(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    member = member_of(api, team)
    others = f"/team-member-profiles?team_id={team}"
    one = f"/team-member-profiles/{team}/{owner.user_id}"
    assert api.get(others, member.headers).status_code == 200
    assert api.get(one, member.headers).status_code == 200
    api.send("DELETE", f"/team-permissions/{team}/{member.user_id}/team_member", api.secret)
    for path in (others, one):
        assert code_of(api.get(path, member.headers)) == "TEAM_PERMISSION_REQUIRED"
    assert api.get(f"{others}&user_id=me", member.headers).status_code == 200
    assert api.get(f"/team-member-profiles/{team}/me", member.headers).status_code == 200


def test_grants_need_a_member_a_permission_and_its_scope(api: Api, server: InProcess) -> None:
    owner, stranger = api.person(), api.person()
    team = team_of(api, owner)
    define(api, "/project-permission-definitions", id="billing")
    other = Api.create(server)
    for path, status, code in (
        (f"/team-permissions/{team}/{uuid4()}/team_member", 404, "USER_NOT_FOUND"),
        (f"/team-permissions/{team}/{stranger.user_id}/team_member", 404,
         "TEAM_MEMBERSHIP_NOT_FOUND"),
        (f"/team-permissions/{uuid4()}/{owner.user_id}/team_member", 404,
         "TEAM_MEMBERSHIP_NOT_FOUND"),
        (f"/team-permissions/{team}/{owner.user_id}/unheard_of", 404, "PERMISSION_NOT_FOUND"),
        (f"/team-permissions/{team}/{owner.user_id}/billing", 404, "WRONG_PERMISSION_SCOPE"),
        (f"/team-permissions/{team}/{owner.user_id}/$own", 400, "SCHEMA_ERROR"),
        (f"/project-permissions/{owner.user_id}/team_admin", 404, "WRONG_PERMISSION_SCOPE"),
        (f"/project-permissions/{owner.user_id}/$update_team", 404, "PERMISSION_NOT_FOUND"),
        (f"/project-permissions/{uuid4()}/billing", 404, "USER_NOT_FOUND"),
    ):  # fmt: skip
        answer = api.post(path, api.secret, json={})
        assert (answer.status_code, code_of(answer)) == (status, code), path
    foreign = other.post(
        f"/team-permissions/{team}/{owner.user_id}/$update_team", other.secret, json={}
    )
    assert code_of(foreign) == "USER_NOT_FOUND"
    theirs = other.get(f"/team-permissions?team_id={team}", other.secret)
    assert theirs.json()["items"] == []


def test_clients_list_only_their_own_and_grant_nothing(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    for path in ("/team-permissions", f"/project-permissions?user_id={uuid4()}"):
        assert api.get(path, owner.headers).status_code == 403
    nobody = api.get("/team-permissions?user_id=me")
    assert code_of(nobody) == "CANNOT_GET_OWN_USER_WITHOUT_USER"
    path = f"/team-permissions/{team}/{owner.user_id}/$update_team"
    assert code_of(api.post(path, owner.headers)) == "INSUFFICIENT_ACCESS_TYPE"
    everyone = api.get("/team-permissions?recursive=true", api.secret).json()["items"]
    assert {item["user_id"] for item in everyone} == {owner.user_id}


def test_permissions_of_the_project_are_apart_from_teams(api: Api) -> None:
    person = api.person()
    define(api, "/project-permission-definitions", id="read")
    define(api, "/project-permission-definitions", id="write", contained_permission_ids=["read"])
    path = f"/project-permissions/{person.user_id}/write"
    granted = api.post(path, api.secret, json={})
    assert (granted.status_code, granted.json()) == (
        201,
        {"id": "write", "user_id": person.user_id},
    )
    assert held(api, person, where="project") == ["write"]
    assert held(api, person, "&recursive=true", where="project") == ["read", "write"]
    assert held(api, person) == []
    assert api.send("DELETE", path, api.secret).status_code == 200
    again = api.send("DELETE", path, api.secret)
    assert (again.status_code, code_of(again)) == (404, "PERMISSION_NOT_FOUND")


def test_a_project_begins_with_the_systems_permissions_and_two_of_its_own(api: Api) -> None:
    items = api.get(DEFINITIONS, api.admin).json()["items"]
    assert [item["id"] for item in items] == [*sorted(SYSTEM), "team_admin", "team_member"]
    assert items[-1] == {
        "id": "team_member",
        "description": "Default permission for team members",
        "contained_permission_ids": ["$invite_members", "$read_members"],
    }
    of_project = api.get("/project-permission-definitions", api.admin).json()
    assert of_project == {"items": [], "is_paginated": False}
    assert code_of(api.get(DEFINITIONS, api.secret)) == "INSUFFICIENT_ACCESS_TYPE"


def test_a_definition_is_made_changed_and_removed(api: Api) -> None:
    made = define(api, id="p1")
    assert (made.status_code, made.json()) == (201, {"id": "p1", "contained_permission_ids": []})
    second = define(api, id="p2", contained_permission_ids=["p1", "$read_members", "p1"])
    assert second.json()["contained_permission_ids"] == ["$read_members", "p1"]
    body = {"id": "p3", "contained_permission_ids": ["p1", "$update_team"], "description": "It"}
    changed = api.send("PATCH", f"{DEFINITIONS}/p2", api.admin, json=body)
    assert changed.json() == {
        "id": "p3",
        "description": "It",
        "contained_permission_ids": ["$update_team", "p1"],
    }
    kept = api.send("PATCH", f"{DEFINITIONS}/p3", api.admin, json={}).json()
    assert kept == changed.json()
    assert api.send("DELETE", f"{DEFINITIONS}/p1", api.admin).json() == {"success": True}
    left = {item["id"]: item for item in api.get(DEFINITIONS, api.admin).json()["items"]}
    assert "p1" not in left
    assert left["p3"]["contained_permission_ids"] == ["$update_team"]


def test_a_definition_that_cannot_be_is_refused(api: Api) -> None:
    define(api, id="p1")
    define(api, "/project-permission-definitions", id="p2")
    for answer, status, code in (
        (define(api, id="p1"), 400, "PERMISSION_ID_ALREADY_EXISTS"),
        (define(api, id="p2"), 400, "PERMISSION_ID_ALREADY_EXISTS"),
        (define(api, id="$update_team"), 400, "SCHEMA_ERROR"),
        (define(api, id="Capitals"), 400, "SCHEMA_ERROR"),
        (define(api, id="p3", contained_permission_ids=["p2"]), 400,
         "CONTAINED_PERMISSION_NOT_FOUND"),
        (api.send("PATCH", f"{DEFINITIONS}/p1", api.admin, json={"id": "team_admin"}), 400,
         "PERMISSION_ID_ALREADY_EXISTS"),
        (api.send("PATCH", f"{DEFINITIONS}/p2", api.admin, json={}), 404, "PERMISSION_NOT_FOUND"),
        (api.send("PATCH", f"{DEFINITIONS}/$update_team", api.admin, json={}), 404,
         "PERMISSION_NOT_FOUND"),
        (api.send("DELETE", f"{DEFINITIONS}/p2", api.admin), 404, "PERMISSION_NOT_FOUND"),
        (api.send("DELETE", f"{DEFINITIONS}/$read_members", api.admin), 404,
         "PERMISSION_NOT_FOUND"),
    ):  # fmt: skip
        assert (answer.status_code, code_of(answer)) == (status, code), answer.text


def test_a_renamed_permission_stays_with_whoever_has_it_and_with_the_defaults(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    api.send("PATCH", f"{DEFINITIONS}/team_admin", api.admin, json={"id": "captain"})
    assert held(api, owner) == ["captain"]
    assert api.send("PATCH", f"/teams/{team}", owner.headers, json={}).status_code == 200
    config = api.get("/projects/current", api.admin).json()["config"]
    assert config["team_creator_default_permissions"] == [{"id": "captain"}]
    other = api.person()
    team_of(api, other)
    assert held(api, other) == ["captain"]


def test_a_removed_permission_is_gone_from_whoever_had_it(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    api.send("DELETE", f"{DEFINITIONS}/team_admin", api.admin)
    assert held(api, owner, "&recursive=true") == []
    answer = api.send("DELETE", f"/teams/{team}", owner.headers)
    assert code_of(answer) == "TEAM_PERMISSION_REQUIRED"
    define(api, id="team_admin", contained_permission_ids=["$delete_team"])
    assert held(api, owner) == []  # the old grant does not come back with the name


def test_permissions_that_contain_each_other_in_a_circle_are_all_held(api: Api) -> None:
    owner = api.person()
    team = team_of(api, owner)
    define(api, id="a")
    define(api, id="b", contained_permission_ids=["a"])
    body = {"contained_permission_ids": ["b", "a", "$update_team"]}
    api.send("PATCH", f"{DEFINITIONS}/a", api.admin, json=body)
    api.send("DELETE", f"/team-permissions/{team}/{owner.user_id}/team_admin", api.secret)
    api.post(f"/team-permissions/{team}/{owner.user_id}/b", api.secret, json={})
    assert held(api, owner, "&recursive=true") == ["$update_team", "a", "b"]


def test_a_project_says_what_is_granted_by_itself(server: InProcess) -> None:
    api = Api.create(
        server,
        create_team_on_sign_up=True,
        team_creator_default_permissions=("$read_members", "unheard_of"),
        team_member_default_permissions=(),
        user_default_permissions=("reader", "team_admin"),
    )
    define(api, "/project-permission-definitions", id="reader")
    account = api.account()
    assert held(api, account, "&recursive=true") == ["$read_members"]
    assert held(api, account, where="project") == ["reader"]
    team = api.get("/teams?user_id=me", account.headers).json()["items"][0]["id"]
    member = member_of(api, team)
    assert held(api, member, "&recursive=true") == []


def test_members_from_before_permissions_have_what_they_could_do_then(
    api: Api, server: InProcess
) -> None:
    owner = api.person()
    team = team_of(api, owner)
    member = member_of(api, team)
    _as_before(server)
    assert (held(api, owner), held(api, member)) == (["team_admin"], ["team_member"])
    assert api.send("PATCH", f"/teams/{team}", owner.headers, json={}).status_code == 200
    path = f"/team-permissions/{team}/{member.user_id}/$update_team"
    api.post(path, api.secret, json={})
    assert held(api, member) == ["$update_team", "team_member"]
    api.send("PATCH", f"{DEFINITIONS}/team_admin", api.admin, json={"id": "captain"})
    assert held(api, owner) == ["captain"]
