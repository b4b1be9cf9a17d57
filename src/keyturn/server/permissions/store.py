"""What permissions need from storage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyturn.server.permissions.rules import (
    FIRST,
    Definition,
    Grant,
    PermissionNotFound,
    WrongScope,
    check_grantable,
)
from keyturn.server.projects import store as projects
from keyturn.server.storage.base import Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.permissions.rules import Scope


def definitions(project_id: str) -> Work[tuple[Definition, ...]]:
    """Return a project's own permissions of both scopes."""
    rows = yield from every("permission_definitions", project_id=project_id)
    if rows and rows[0]["permissions_written_at"] is None:
        return FIRST
    return tuple(
        Definition(
            id=row["id"],
            scope=row["scope"],
            description=row["description"],
            contained=tuple(json.loads(row["contained"])),
        )
        for row in rows
        if row["id"] is not None
    )


def write_down(project_id: str, *, now: int) -> Work[tuple[Definition, ...]]:
    """Return a project's own permissions, from now on with a row for each and for each grant.

    A change must not reach what the project and its members had without being written.
    """
    found = yield from definitions(project_id)
    for definition in found:
        yield from save(project_id, definition, now=now)
    yield from run("mark_definitions_written", project_id=project_id, now=now)
    yield from _write_down_grants(project_id, "", "", now=now)
    return found


def save(project_id: str, definition: Definition, *, now: int) -> Work[None]:
    """Add a definition, or bring it up to date."""
    yield from run(
        "save_permission_definition",
        project_id=project_id,
        id=definition.id,
        scope=definition.scope,
        description=definition.description,
        contained=json.dumps(definition.contained),
        now=now,
    )


def delete(project_id: str, permission_id: str) -> Work[None]:
    """Remove a definition, and nothing else."""
    yield from run("delete_permission_definition", project_id=project_id, id=permission_id)


def rename_grants(project_id: str, scope: Scope, permission_id: str, new_id: str) -> Work[None]:
    """Let everybody who has a permission have it under another id."""
    yield from run(
        f"rename_{scope}_permission", project_id=project_id, id=permission_id, new_id=new_id
    )


def forget_grants(project_id: str, scope: Scope, permission_id: str) -> Work[None]:
    """Take a permission from everybody."""
    yield from run(f"forget_{scope}_permission", project_id=project_id, id=permission_id)


def of_members(project_id: str, *, team_id: str = "", user_id: str = "") -> Work[list[Grant]]:
    """Return what members were granted, in a team, by user, or both; empty means any."""
    rows = yield from every(
        "team_permissions", project_id=project_id, team_id=team_id, user_id=user_id
    )
    return [Grant(**row) for row in map(dict, rows) if row["permission_id"] is not None]


def of_users(project_id: str, *, user_id: str = "") -> Work[list[Grant]]:
    """Return what users were granted in the whole project; empty means any user."""
    rows = yield from every("project_permissions", project_id=project_id, user_id=user_id)
    return [Grant(team_id="", **dict(row)) for row in rows]


def grant(grant: Grant, *, now: int) -> Work[None]:
    """Grant a permission; granting it again changes nothing."""
    if grant.team_id:
        yield from run("grant_team_permission", now=now, **_columns(grant))
    else:
        yield from run("grant_project_permission", now=now, **_columns(grant))


def revoke(grant: Grant) -> Work[bool]:
    """Take a permission back; false if it was not granted itself."""
    scope = "team" if grant.team_id else "project"
    row = yield from first(f"revoke_{scope}_permission", **_columns(grant))
    return row is not None


def write_down_member(project_id: str, team_id: str, user_id: str, *, now: int) -> Work[None]:
    """Have rows for what one member has, before that changes."""
    yield from _write_down_grants(project_id, team_id, user_id, now=now)


def grant_defaults_in_team(
    project_id: str, team_id: str, user_id: str, *, is_creator: bool, now: int
) -> Work[None]:
    """Grant what the project gives those who make a team, or those who join one."""
    project = yield from projects.project(project_id)
    if project is None:
        return
    config = project.config
    names = (
        config.team_creator_default_permissions
        if is_creator
        else config.team_member_default_permissions
    )
    yield from _grant_known(project_id, "team", names, team_id=team_id, user_id=user_id, now=now)


def grant_defaults_of_user(project_id: str, user_id: str, *, now: int) -> Work[None]:
    """Grant what the project gives everybody who signs up."""
    project = yield from projects.project(project_id)
    names = project.config.user_default_permissions if project is not None else ()
    if names:
        yield from _grant_known(project_id, "project", names, team_id="", user_id=user_id, now=now)


def _grant_known(
    project_id: str,
    scope: Scope,
    names: tuple[str, ...],
    *,
    team_id: str,
    user_id: str,
    now: int,
) -> Work[None]:
    # An operator's file may name what an administrator has deleted since; nobody is kept out by it.
    own = yield from definitions(project_id)
    for name in names:
        try:
            check_grantable(own, scope, name)
        except (PermissionNotFound, WrongScope):
            continue
        yield from grant(Grant(team_id=team_id, user_id=user_id, permission_id=name), now=now)


def _write_down_grants(project_id: str, team_id: str, user_id: str, *, now: int) -> Work[None]:
    for statement in ("write_down_team_permissions", "mark_team_permissions_written"):
        yield from run(statement, project_id=project_id, team_id=team_id, user_id=user_id, now=now)


def _columns(grant: Grant) -> dict[str, str]:
    found = {"user_id": grant.user_id, "permission_id": grant.permission_id}
    return {**found, "team_id": grant.team_id} if grant.team_id else found
