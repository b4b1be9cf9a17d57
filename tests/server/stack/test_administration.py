"""Projects and their keys in the hands of administrators: by key, or by their own sign-in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from keyturn.server.declarations import ProjectDeclaration
from keyturn.server.projects.rules import ProjectConfig
from tests.server.stack.api_ import Api, SignedIn, code_of

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

FAR = 4_000_000_000_000
ALL = {
    "has_publishable_client_key": True,
    "has_secret_server_key": True,
    "has_super_secret_admin_key": True,
}
KINDS = ("publishable_client_key", "secret_server_key", "super_secret_admin_key")


@pytest.fixture
def internal(server: InProcess) -> Api:
    """Return the internal project, as an operator makes it."""
    project, keys = server.run(
        server.services.projects.create(
            "Internal",
            project_id="internal",
            config=ProjectConfig(client_team_creation_enabled=True, administers_projects=True),
        )
    )
    return Api(server=server, project=project, keys=keys)


def key_set(api: Api, **body: Any) -> dict[str, Any]:
    whole = {"description": "for CI", "expires_at_millis": FAR} | ALL | body
    answer = api.post("/internal/api-keys", api.admin, json=whole)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def with_key(api: Api, kind: str, key: str) -> dict[str, str]:
    access = {
        "publishable_client_key": "client",
        "secret_server_key": "server",
        "super_secret_admin_key": "admin",
    }[kind]
    return {
        "x-stack-access-type": access,
        "x-stack-project-id": api.project.id,
        f"x-stack-{kind.replace('_', '-')}": key,
    }


def change(api: Api, sent: dict[str, Any]) -> httpx2.Response:
    return api.send("PATCH", "/internal/projects/current", api.admin, json=sent)


def team_of(internal: Api, person: SignedIn) -> str:
    body = {"display_name": "Owners", "creator_user_id": "me"}
    found: str = internal.post("/teams", person.headers, json=body).json()["id"]
    return found


def as_admin(person: SignedIn, project_id: str, access: str = "admin") -> dict[str, str]:
    return {
        "x-stack-access-type": access,
        "x-stack-project-id": project_id,
        "x-stack-admin-access-token": person.access_token,
    }


def test_a_set_of_keys_is_shown_once_and_each_opens_its_door(api: Api) -> None:
    made = key_set(api)
    assert made.keys() == {
        "id", "description", "created_at_millis", "expires_at_millis", *KINDS,
    }  # fmt: skip
    for kind in KINDS:
        assert api.get("/projects/current", with_key(api, kind, made[kind])).status_code == 200
        other = {"publishable_client_key": "secret_server_key"}.get(kind, KINDS[0])
        assert api.get("/projects/current", with_key(api, kind, made[other])).status_code == 401
    [listed] = api.get("/internal/api-keys", api.admin).json()["items"]
    assert listed == {
        "id": made["id"],
        "description": "for CI",
        "created_at_millis": api.server.clock.now,
        "expires_at_millis": FAR,
    } | {kind: {"last_four": made[kind][-4:]} for kind in KINDS}
    assert api.get(f"/internal/api-keys/{made['id']}", api.admin).json() == listed


def test_only_the_wanted_keys_are_made(api: Api) -> None:
    made = key_set(api, has_publishable_client_key=False, has_super_secret_admin_key=False)
    assert made.keys() & set(KINDS) == {"secret_server_key"}


@pytest.mark.proves("T-9")
def test_a_key_that_was_given_out_is_in_no_dump_of_the_database(api: Api) -> None:
    made = key_set(api)
    rows = api.server.run(api.server.services.administration.keys(api.project.id))
    assert made["secret_server_key"] not in repr(rows)
    folder = api.server.settings.data
    stored = b"".join(path.read_bytes() for path in folder.glob("keyturn.sqlite3*"))
    for kind in KINDS:
        assert made[kind].encode() not in stored


def test_keys_end_at_their_time(api: Api) -> None:
    made = key_set(api, expires_at_millis=api.server.clock.now + 1000)
    headers = with_key(api, "secret_server_key", made["secret_server_key"])
    assert api.get("/users", headers).status_code == 200
    api.server.clock.advance(1)
    assert code_of(api.get("/users", headers)) == "INVALID_SECRET_SERVER_KEY"


def test_what_is_revoked_stays_revoked_from_when_it_was(api: Api) -> None:
    made, kept = key_set(api), key_set(api, description="kept")
    path = f"/internal/api-keys/{made['id']}"
    api.server.clock.advance(1)
    at = api.server.clock.now
    revoked = api.send("PATCH", path, api.admin, json={"revoked": True}).json()
    assert revoked["manually_revoked_at_millis"] == at
    api.server.clock.advance(1)
    again = api.send("PATCH", path, api.admin, json={"revoked": False, "description": "old"})
    assert again.json()["manually_revoked_at_millis"] == at
    assert again.json()["description"] == "old"
    for kind in KINDS:
        assert api.get("/projects/current", with_key(api, kind, made[kind])).status_code == 401
        assert api.get("/projects/current", with_key(api, kind, kept[kind])).status_code == 200


def test_keys_are_their_projects_own(api: Api, server: InProcess) -> None:
    made, other = key_set(api), Api.create(server)
    path = f"/internal/api-keys/{made['id']}"
    for answer in (
        other.get(path, other.admin),
        other.send("PATCH", path, other.admin, json={"revoked": True}),
        api.get(f"/internal/api-keys/{uuid4()}", api.admin),
    ):
        assert (answer.status_code, code_of(answer)) == (404, "API_KEY_NOT_FOUND")
    headers = with_key(other, "secret_server_key", made["secret_server_key"])
    assert code_of(other.get("/users", headers)) == "INVALID_SECRET_SERVER_KEY"
    assert code_of(api.get("/internal/api-keys", api.secret)) == "INSUFFICIENT_ACCESS_TYPE"


def test_rotating_a_projects_keys_ends_those_that_were_given_out(api: Api) -> None:
    made = key_set(api)
    api.server.run(api.server.services.projects.rotate_keys(api.project.id))
    headers = with_key(api, "super_secret_admin_key", made["super_secret_admin_key"])
    assert code_of(api.get("/users", headers)) == "INVALID_SUPER_SECRET_ADMIN_KEY"


def test_an_administrator_changes_its_project_and_everybody_sees_it(api: Api) -> None:
    sent = {
        "display_name": "Looms",
        "description": "They weave",
        "is_production_mode": True,
        "config": {
            "client_team_creation_enabled": True,
            "domains": [{"domain": "https://looms.dev", "handler_path": "/handler"}],
            "team_member_default_permissions": [],
        },
    }
    answer = change(api, sent)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["display_name"], found["description"]) == ("Looms", "They weave")
    assert (found["is_production_mode"], found["config"]["allow_localhost"]) == (True, False)
    assert found["config"]["domains"] == sent["config"]["domains"]  # type: ignore[index]
    assert found["config"]["team_member_default_permissions"] == []
    assert api.get("/projects/current", api.admin).json() == found
    assert api.get("/projects/current").json()["config"]["client_team_creation_enabled"] is True
    same = api.send("PATCH", "/projects/current", api.admin, json={})
    assert same.json() == found


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"config": {"oauth_providers": []}}, 501, None),
        ({"config": {"domains": [{"domain": "x", "handler_path": "/handler"}]}}, 400, None),
        (
            {"config": {"user_default_permissions": [{"id": "fly"}]}},
            404,
            "PERMISSION_NOT_FOUND",
        ),
        ({"display_name": ""}, 400, "SCHEMA_ERROR"),
        ({"display_name": None}, 400, "SCHEMA_ERROR"),
        ({"config": {"colour": "red"}}, 400, "SCHEMA_ERROR"),
    ],
)
def test_what_cannot_be_changed_changes_nothing(
    api: Api, sent: dict[str, Any], status: int, code: str | None
) -> None:
    before = api.get("/projects/current", api.admin).json()
    answer = change(api, {"display_name": "New"} | sent)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert api.get("/projects/current", api.admin).json() == before


def test_what_a_file_declares_is_changed_and_deleted_there(server: InProcess) -> None:
    declared = ProjectDeclaration.model_validate(
        {"id": "acme", "display_name": "Acme", "super_secret_admin_key": "sak_of_acme"}
    )
    server.run(server.services.projects.declare((declared,), ()))
    project = server.run(server.services.projects.find("acme"))
    assert project is not None
    blank = Api.create(server)
    keys = replace(blank.keys, super_secret_admin_key="sak_of_acme")
    api = Api(server=server, project=project, keys=keys)
    assert change(api, {"display_name": "New"}).status_code == 409
    assert api.send("DELETE", "/projects/current", api.admin).status_code == 409
    assert api.get("/projects/current", api.admin).json()["display_name"] == "Acme"


def test_a_deleted_project_is_gone_with_all_that_was_in_it(api: Api, server: InProcess) -> None:
    person, other = api.person(), Api.create(server)
    made, bystander = key_set(api), other.person()
    assert code_of(api.send("DELETE", "/internal/projects/current", api.secret)) is not None
    deleted = api.send("DELETE", "/internal/projects/current", api.admin, json={})
    assert (deleted.status_code, deleted.json()) == (200, {"success": True})
    for headers in (
        api.client,
        person.headers,
        with_key(api, "secret_server_key", made["secret_server_key"]),
    ):
        assert api.get("/users/me", headers).status_code in (400, 401)
    assert server.run(server.services.accounts.find(api.project.id, person.user_id)) is None
    assert other.get("/users/me", bystander.headers).status_code == 200


def test_people_of_the_internal_project_make_projects_and_get_their_keys(internal: Api) -> None:
    ada, eve = internal.person(), internal.person()
    team = team_of(internal, ada)
    body = {"display_name": "Looms", "owner_team_id": team, "config": {"sign_up_enabled": False}}
    answer = internal.post("/internal/projects", ada.headers, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["owner_team_id"], made["config"]["sign_up_enabled"]) == (team, False)
    listed = internal.get("/internal/projects", ada.headers).json()
    assert listed == {"items": [made], "is_paginated": False}
    assert internal.get("/internal/projects", eve.headers).json()["items"] == []
    wanted = {"description": "first", "expires_at_millis": FAR} | ALL
    path = "/internal/api-keys"
    keys = internal.post(path, as_admin(ada, made["id"]), json=wanted).json()
    opened = {
        "x-stack-access-type": "server",
        "x-stack-project-id": made["id"],
        "x-stack-secret-server-key": keys["secret_server_key"],
    }
    assert internal.get("/users", opened).json()["items"] == []
    # For whoever administers it, every kind of access is open; for others none is.
    for access in ("client", "server", "admin"):
        current = internal.get("/projects/current", as_admin(ada, made["id"], access))
        assert current.json()["display_name"] == "Looms"
        refused = internal.get("/projects/current", as_admin(eve, made["id"], access))
        assert code_of(refused) == "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"


def test_with_its_key_the_internal_projects_administrator_sees_and_makes_all(
    internal: Api, api: Api
) -> None:
    made = internal.post("/internal/projects", internal.admin, json={"display_name": "Free"})
    assert (made.status_code, made.json()["owner_team_id"]) == (201, None)
    ids = {
        item["id"] for item in internal.get("/internal/projects", internal.admin).json()["items"]
    }
    assert {"default", "internal", api.project.id, made.json()["id"]} == ids


def test_who_may_not_make_projects_is_told_why(internal: Api, api: Api) -> None:
    person, other = internal.person(), internal.person()
    body = {"display_name": "X", "owner_team_id": team_of(internal, other)}
    path = "/internal/projects"
    elsewhere = api.post(path, api.person().headers, json=body)
    assert (elsewhere.status_code, code_of(elsewhere)) == (401, "EXPECTED_INTERNAL_PROJECT")
    assert code_of(api.get(path, api.admin)) == "EXPECTED_INTERNAL_PROJECT"
    assert code_of(internal.get(path)) == "USER_AUTHENTICATION_REQUIRED"
    assert code_of(internal.get(path, internal.guest().headers)) == "USER_AUTHENTICATION_REQUIRED"
    stranger = internal.post(path, person.headers, json=body)
    assert code_of(stranger) == "TEAM_MEMBERSHIP_NOT_FOUND"
    unowned = internal.post(path, person.headers, json={"display_name": "X"})
    assert code_of(unowned) == "SCHEMA_ERROR"
    missing = internal.post(path, internal.admin, json=body | {"owner_team_id": str(uuid4())})
    assert code_of(missing) == "TEAM_NOT_FOUND"


def test_the_name_alone_gives_nobody_power_over_projects(internal: Api, api: Api) -> None:
    ada = internal.person()
    body = {"display_name": "Looms", "owner_team_id": team_of(internal, ada)}
    project_id = internal.post("/internal/projects", ada.headers, json=body).json()["id"]
    declared = ProjectDeclaration.model_validate({"id": "internal", "display_name": "Intranet"})
    api.server.run(api.server.services.projects.declare((declared,), ()))
    refused = internal.get("/internal/projects", ada.headers)
    assert code_of(refused) == "EXPECTED_INTERNAL_PROJECT"
    token = internal.get("/projects/current", as_admin(ada, project_id))
    assert code_of(token) == "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"


def test_an_admin_token_is_a_living_one_of_the_internal_project(internal: Api, api: Api) -> None:
    ada = internal.person()
    team = team_of(internal, ada)
    body = {"display_name": "Looms", "owner_team_id": team}
    project_id = internal.post("/internal/projects", ada.headers, json=body).json()["id"]

    def code(person: SignedIn) -> str | None:
        return code_of(internal.get("/projects/current", as_admin(person, project_id)))

    assert code(ada) is None
    assert code(api.person()) == "INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN"
    assert code(replace(ada, access_token="nonsense")) == "UNPARSABLE_ADMIN_ACCESS_TOKEN"
    assert code(internal.guest()) == "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"
    ended = internal.session_of(ada.user_id)
    internal.send("DELETE", "/auth/sessions/current", ended.headers, json={})
    assert code(ended) == "ADMIN_ACCESS_TOKEN_EXPIRED"
    internal.send("DELETE", f"/team-memberships/{team}/{ada.user_id}", internal.secret)
    assert code(ada) == "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"
    internal.disable(ada.user_id)
    assert code(ada) == "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"
    internal.server.clock.advance(3600)
    assert code(ada) == "ADMIN_ACCESS_TOKEN_EXPIRED"
