"""What users may do, in teams and in the whole project."""

from typing import Any

import pytest

from keyturn.sdk.known_errors import PermissionNotFound, TeamMembershipNotFound
from tests.sdk.stage_ import Form, StagedProject, collected, done, new_email, on_server, verified


async def define(form: Form, project: StagedProject, scope: str, **definition: Any) -> None:
    """Add a permission, as the project's administrator."""
    server = form.stage.server
    headers = {
        "x-stack-project-id": project.id,
        "x-stack-access-type": "admin",
        "x-stack-super-secret-admin-key": project.keys.super_secret_admin_key,
    }

    async def post() -> int:
        async with server.client() as client:
            path = f"/api/v1/{scope}-permission-definitions"
            return (await client.post(path, json=definition, headers=headers)).status_code

    assert await on_server(form, post()) == 201


@pytest.mark.specified(
    "ServerUser.grant_permission",
    "ServerUser.revoke_permission",
    "ServerUser.has_permission",
    "ServerUser.get_permission",
    "ServerUser.list_permissions",
    "CurrentUser.has_permission",
    "CurrentUser.get_permission",
    "CurrentUser.list_permissions",
)
def test_a_permission_is_granted_found_contained_and_taken_back(form: Form) -> None:
    project = form.stage.project(
        client_team_creation_enabled=True, team_creator_default_permissions=()
    )

    async def body() -> None:
        for scope in ("team", "project"):
            read, write = f"{scope}_read", f"{scope}_write"
            await define(form, project, scope, id=read)
            await define(form, project, scope, id=write, contained_permission_ids=[read])
        app = await verified(form, project)
        user = await done(app.get_user())
        team = await done(user.create_team(display_name="Compilers"))
        there = await done(form.server(project).get_user(user.id))
        for where, read, write in (
            (None, "project_read", "project_write"),
            (team, "team_read", "team_write"),
        ):
            assert not await done(user.has_permission(read, team=where))
            await done(there.grant_permission(write, team=where))
            for one in (user, there):
                assert await done(one.has_permission(read, team=where))
                found = await done(one.get_permission(write, team=where))
                assert (found.id, found.user_id) == (write, user.id)
                assert await done(one.get_permission("nothing", team=where)) is None
                listed = await collected(one.list_permissions(team=where))
                assert {each.id for each in listed} == {read, write}
                direct = await collected(one.list_permissions(team=where, recursive=False))
                assert [each.id for each in direct] == [write]
            await done(there.revoke_permission(write, team=where))
            await done(there.revoke_permission(write, team=where))
            assert not await done(user.has_permission(read, team=where))
        assert await done(there.has_permission("team_read", team=team.id)) is False

    form.play(body)


def test_what_there_is_not_cannot_be_granted(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        server = form.server(project)
        user = await done(server.create_user(primary_email=new_email()))
        team = await done(server.create_team(display_name="Compilers"))
        with pytest.raises(PermissionNotFound):
            await done(user.grant_permission("fly"))
        with pytest.raises(TeamMembershipNotFound):
            await done(user.grant_permission("team_admin", team=team))

    form.play(body)
