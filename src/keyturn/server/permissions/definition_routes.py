"""What permissions a project has, on the wire: for its administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.permissions.errors import REFUSALS, known
from keyturn.server.permissions.routes import TAG
from keyturn.server.permissions.rules import Definition
from keyturn.server.permissions.wire import (
    DefinitionCreate,
    DefinitionList,
    DefinitionUpdate,
    DefinitionView,
    DescribedDefinitionView,
    definition_view,
)
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire

if TYPE_CHECKING:
    from keyturn.server.permissions.rules import Scope


async def list_team_permission_definitions(call: Call[Nothing, Nothing]) -> Wire:
    """List what permissions there are in teams, the system's included."""
    return await _list(call, "team")


async def create_team_permission_definition(call: Call[DefinitionCreate, Nothing]) -> Wire:
    """Add a permission for teams."""
    return await _create(call, "team")


async def update_team_permission_definition(call: Call[DefinitionUpdate, Nothing]) -> Wire:
    """Change a permission for teams. Under a new id, whoever has it keeps it."""
    return await _update(call, "team")


async def delete_team_permission_definition(call: Call[Nothing, Nothing]) -> Wire:
    """Remove a permission for teams, also from whoever has it."""
    return await _delete(call, "team")


async def list_project_permission_definitions(call: Call[Nothing, Nothing]) -> Wire:
    """List what permissions there are in the whole project."""
    return await _list(call, "project")


async def create_project_permission_definition(call: Call[DefinitionCreate, Nothing]) -> Wire:
    """Add a permission for the whole project."""
    return await _create(call, "project")


async def update_project_permission_definition(call: Call[DefinitionUpdate, Nothing]) -> Wire:
    """Change a permission for the whole project. Under a new id, whoever has it keeps it."""
    return await _update(call, "project")


async def delete_project_permission_definition(call: Call[Nothing, Nothing]) -> Wire:
    """Remove a permission for the whole project, also from whoever has it."""
    return await _delete(call, "project")


async def _list(call: Call[Any, Any], scope: Scope) -> Wire:
    found = await call.services.permissions.defined(call.project.id, scope)
    return DefinitionList(items=[definition_view(definition) for definition in found])


async def _create(call: Call[DefinitionCreate, Nothing], scope: Scope) -> Wire:
    new = Definition(
        id=call.body.id,
        scope=scope,
        description=call.body.description,
        contained=tuple(call.body.contained_permission_ids or ()),
    )
    try:
        return definition_view(await call.services.permissions.define(call.project.id, new))
    except REFUSALS as refusal:
        raise known(refusal) from None


async def _update(call: Call[DefinitionUpdate, Nothing], scope: Scope) -> Wire:
    try:
        changed = await call.services.permissions.redefine(
            call.project.id,
            scope,
            call.path["permission_id"],
            new_id=call.body.id,
            contained=call.body.contained_permission_ids,
            description=call.body.description,
        )
    except REFUSALS as refusal:
        raise known(refusal) from None
    return definition_view(changed)


async def _delete(call: Call[Any, Any], scope: Scope) -> Wire:
    try:
        await call.services.permissions.undefine(call.project.id, scope, call.path["permission_id"])
    except REFUSALS as refusal:
        raise known(refusal) from None
    return Success()


_ONE = DescribedDefinitionView | DefinitionView


def _endpoints(path: str, lists: Any, creates: Any, updates: Any, deletes: Any) -> list[Endpoint]:
    one = path + "/{permission_id}"
    return [
        Endpoint(
            method="GET",
            path=path,
            handler=lists,
            answers={200: DefinitionList},
            access=("admin",),
            tag=TAG,
        ),
        Endpoint(
            method="POST",
            path=path,
            handler=creates,
            body=DefinitionCreate,
            answers={201: _ONE},
            access=("admin",),
            tag=TAG,
        ),
        Endpoint(
            method="PATCH",
            path=one,
            handler=updates,
            body=DefinitionUpdate,
            answers={200: _ONE},
            access=("admin",),
            tag=TAG,
        ),
        Endpoint(
            method="DELETE",
            path=one,
            handler=deletes,
            answers={200: Success},
            access=("admin",),
            tag=TAG,
        ),
    ]


ENDPOINTS = (
    *_endpoints(
        "/team-permission-definitions",
        list_team_permission_definitions,
        create_team_permission_definition,
        update_team_permission_definition,
        delete_team_permission_definition,
    ),
    *_endpoints(
        "/project-permission-definitions",
        list_project_permission_definitions,
        create_project_permission_definition,
        update_project_permission_definition,
        delete_project_permission_definition,
    ),
)
