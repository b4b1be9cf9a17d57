"""Who has which permission, on the wire: parse, call the service, render."""

from __future__ import annotations

from typing import Any

from keyturn.server.permissions.errors import (
    REFUSALS,
    known,
    permission_not_found,
    team_permission_not_found,
)
from keyturn.server.permissions.rules import Grant, is_permission_id
from keyturn.server.permissions.service import NoSuchHolder, NotGranted, NotInTeam
from keyturn.server.permissions.wire import (
    ProjectPermissionList,
    ProjectPermissionQuery,
    ProjectPermissionView,
    TeamPermissionList,
    TeamPermissionQuery,
    TeamPermissionView,
    project_view,
    team_view,
)
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire, user_id_of


async def list_team_permissions(call: Call[Nothing, TeamPermissionQuery]) -> Wire:
    """List who has which permission in teams. Clients list their own user's."""
    asked = call.query
    found = await call.services.permissions.in_teams(
        call.project.id,
        team_id=asked.team_id or "",
        user_id=_user_asked_for(call),
        permission_id=asked.permission_id or "",
        recursive=asked.recursive == "true",
    )
    return TeamPermissionList(items=[team_view(grant) for grant in found])


async def list_project_permissions(call: Call[Nothing, ProjectPermissionQuery]) -> Wire:
    """List who has which permission in the whole project. Clients list their own user's."""
    found = await call.services.permissions.in_project(
        call.project.id,
        user_id=_user_asked_for(call),
        permission_id=call.query.permission_id or "",
        recursive=call.query.recursive == "true",
    )
    return ProjectPermissionList(items=[project_view(grant) for grant in found])


async def grant_team_permission(call: Call[Nothing, Nothing]) -> Wire:
    """Grant a member a permission in a team."""
    grant = _named(call)
    await _grant(call, grant)
    return team_view(grant)


async def revoke_team_permission(call: Call[Nothing, Nothing]) -> Wire:
    """Take a permission in a team back. What contains it stays."""
    await _revoke(call, _named(call))
    return Success()


async def grant_project_permission(call: Call[Nothing, Nothing]) -> Wire:
    """Grant a user a permission in the whole project."""
    grant = _named(call)
    await _grant(call, grant)
    return project_view(grant)


async def revoke_project_permission(call: Call[Nothing, Nothing]) -> Wire:
    """Take a permission in the whole project back. What contains it stays."""
    await _revoke(call, _named(call))
    return Success()


def _user_asked_for(call: Call[Nothing, Any]) -> str:
    """Return the user whose permissions are listed, or nothing for all."""
    asked: str | None = call.query.user_id
    user_id = user_id_of(call, asked) if asked is not None else ""
    if call.caller.is_client and user_id != call.caller.signed_in()[0].id:
        raise errors.StatusError(
            403, "With client access, only your own permissions can be listed: user_id=me"
        )
    return user_id


def _named(call: Call[Any, Any]) -> Grant:
    """Return what the path names."""
    permission_id = call.path["permission_id"]
    if not is_permission_id(permission_id):
        problem = "params.permission_id: not the id of a permission"
        raise errors.schema_error(call.request.method, call.request.url.path, [problem])
    user_id = user_id_of(call, call.path["user_id"])
    team_id = call.path.get("team_id", "")
    return Grant(team_id=team_id, user_id=user_id, permission_id=permission_id)


async def _grant(call: Call[Any, Any], grant: Grant) -> None:
    try:
        await call.services.permissions.grant(call.project.id, grant)
    except (NoSuchHolder, NotInTeam) as refusal:
        raise _holder_error(refusal, grant) from None
    except REFUSALS as refusal:
        raise known(refusal) from None


async def _revoke(call: Call[Any, Any], grant: Grant) -> None:
    try:
        await call.services.permissions.revoke(call.project.id, grant)
    except (NoSuchHolder, NotInTeam) as refusal:
        raise _holder_error(refusal, grant) from None
    except NotGranted:
        if not grant.team_id:
            raise permission_not_found(grant.permission_id) from None
        raise team_permission_not_found(grant.team_id, grant.user_id, grant.permission_id) from None


def _holder_error(refusal: Exception, grant: Grant) -> errors.KnownError:
    if isinstance(refusal, NoSuchHolder):
        return errors.user_not_found()
    return errors.team_membership_not_found(grant.team_id, grant.user_id)


TAG = "Permissions"
_IN_TEAM = "/team-permissions/{team_id}/{user_id}/{permission_id}"
_IN_PROJECT = "/project-permissions/{user_id}/{permission_id}"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/team-permissions",
        handler=list_team_permissions,
        query=TeamPermissionQuery,
        answers={200: TeamPermissionList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=_IN_TEAM,
        handler=grant_team_permission,
        answers={201: TeamPermissionView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path=_IN_TEAM,
        handler=revoke_team_permission,
        answers={200: Success},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/project-permissions",
        handler=list_project_permissions,
        query=ProjectPermissionQuery,
        answers={200: ProjectPermissionList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=_IN_PROJECT,
        handler=grant_project_permission,
        answers={201: ProjectPermissionView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path=_IN_PROJECT,
        handler=revoke_project_permission,
        answers={200: Success},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
)
