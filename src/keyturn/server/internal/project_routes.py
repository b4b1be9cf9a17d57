"""Projects on the wire, as their administrators change them, and as the internal project has them.

Projects are made here only where an operator has declared the project ``internal`` for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.internal import errors
from keyturn.server.internal.rules import Contradiction, NotHere, is_internal
from keyturn.server.internal.service import Declared, NotInTeam
from keyturn.server.internal.wire import ProjectCreate, ProjectList, ProjectUpdate
from keyturn.server.permissions.errors import permission_not_found
from keyturn.server.permissions.rules import PermissionNotFound
from keyturn.server.projects.wire import ProjectAdminView, project_admin_view
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire
from keyturn.server.stack.errors import (
    StatusError,
    not_built,
    schema_error,
    team_membership_not_found,
    team_not_found,
    user_authentication_required,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from keyturn.server.projects.rules import Project
    from keyturn.server.stack.caller import AccessType


async def list_projects(call: Call[Nothing, Nothing]) -> Wire:
    """List the projects that the signed-in user of the internal project administers.

    With admin access to the internal project these are all of the server's.
    """
    found = await call.services.administration.projects(_user_id(call))
    return ProjectList(items=[project_admin_view(project) for project in found])


async def create_project(call: Call[ProjectCreate, Nothing]) -> Wire:
    """Create a project for a team of the internal project. It has no keys yet."""
    user_id, team_id = _user_id(call), call.body.owner_team_id
    if user_id is not None and team_id is None:
        problem = "body.owner_team_id must be present"
        raise schema_error(call.request.method, call.request.url.path, [problem])
    sent = call.body.model_dump(exclude_unset=True)
    work = call.services.administration.create(sent, team_id=team_id, user_id=user_id)
    try:
        return project_admin_view(await _refusing(work))
    except NotInTeam:
        assert team_id is not None  # noqa: S101 - only a team can be the wrong one
        if user_id is None:
            raise team_not_found(team_id) from None
        raise team_membership_not_found(team_id, user_id) from None


async def update_current_project(call: Call[ProjectUpdate, Nothing]) -> Wire:
    """Change the project of the headers. What a configuration file declares is changed there."""
    sent = call.body.model_dump(exclude_unset=True)
    return project_admin_view(
        await _refusing(call.services.administration.change(call.project.id, sent))
    )


async def delete_current_project(call: Call[Nothing, Nothing]) -> Wire:
    """Delete the project of the headers with all of its users, teams and keys, for good."""
    try:
        await call.services.administration.delete(call.project.id)
    except Declared:
        raise errors.declared() from None
    return Success()


def _user_id(call: Call[Any, Any]) -> str | None:
    """Return whose projects are meant; ``None``: everybody's."""
    if not is_internal(call.project):
        raise errors.expected_internal_project()
    if call.caller.access_type == "admin" and call.user is None:
        return None
    if call.user is None or call.user.restriction is not None:
        raise user_authentication_required()
    return call.user.id


async def _refusing(work: Awaitable[Project]) -> Project:
    try:
        return await work
    except Declared:
        raise errors.declared() from None
    except NotHere:
        raise not_built() from None
    except Contradiction as contradiction:
        raise StatusError(400, str(contradiction)) from None
    except PermissionNotFound as missing:
        raise permission_not_found(missing.permission_id) from None


TAG = "Projects"
ADMIN: tuple[AccessType, ...] = ("admin",)
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/internal/projects",
        handler=list_projects,
        answers={200: ProjectList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/internal/projects",
        handler=create_project,
        body=ProjectCreate,
        answers={201: ProjectAdminView},
        makes_rows=True,
        tag=TAG,
    ),
    *(
        endpoint
        for path in ("/projects/current", "/internal/projects/current")
        for endpoint in (
            Endpoint(
                method="PATCH",
                path=path,
                handler=update_current_project,
                body=ProjectUpdate,
                answers={200: ProjectAdminView},
                access=ADMIN,
                tag=TAG,
            ),
            Endpoint(
                method="DELETE",
                path=path,
                handler=delete_current_project,
                answers={200: Success},
                access=ADMIN,
                tag=TAG,
            ),
        )
    ),
)
