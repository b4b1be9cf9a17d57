"""Projects on the wire: the current one, and the keys that verify its tokens."""

from __future__ import annotations

from keyturn.server.projects.wire import (
    Jwk,
    Jwks,
    ProjectAdminView,
    ProjectView,
    project_admin_view,
    project_view,
)
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import Call, Endpoint, Flag, Nothing, Wire

CACHED_FOR_AN_HOUR = "public, max-age=3600"


class JwksQuery(Wire):
    """Which users' tokens the keys should verify besides the plain ones."""

    include_anonymous: Flag | None = None
    include_restricted: Flag | None = None


async def get_current_project(call: Call[Nothing, Nothing]) -> Wire:
    """Read the project of the headers. Administrators see all of its settings."""
    if call.caller.access_type == "admin":
        return project_admin_view(call.project)
    return project_view(call.project)


async def get_jwks(call: Call[Nothing, JwksQuery]) -> Wire:
    """Read the public keys of a project. The plain ones do not verify anonymous tokens."""
    project = await call.services.projects.find(call.path["project_id"])
    if project is None:
        raise errors.StatusError(404, "Project not found.")
    keys = await call.services.stack_tokens.access.jwks(
        project.id,
        anonymous=call.query.include_anonymous == "true",
        restricted=call.query.include_restricted == "true",
    )
    return Jwks(keys=[Jwk(**key) for key in keys])


TAG = "Projects"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/projects/current",
        handler=get_current_project,
        answers={200: ProjectAdminView | ProjectView},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/internal/projects/current",
        handler=get_current_project,
        answers={200: ProjectAdminView},
        access=("admin",),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/projects/{project_id}/.well-known/jwks.json",
        handler=get_jwks,
        query=JwksQuery,
        answers={200: Jwks},
        access=None,
        cache=CACHED_FOR_AN_HOUR,
        tag=TAG,
    ),
)
