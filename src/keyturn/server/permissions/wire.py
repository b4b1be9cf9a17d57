"""The JSON of permissions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from keyturn.server.permissions.rules import CUSTOM_ID, Definition, Grant, is_permission_id
from keyturn.server.stack.endpoint import Flag, Wire


def _named(text: str) -> str:
    if not is_permission_id(text):
        raise ValueError('Only lowercase letters, numbers, ":", "_", or a system permission')
    return text


PermissionId = Annotated[str, AfterValidator(_named)]
CustomId = Annotated[str, StringConstraints(pattern=CUSTOM_ID, max_length=128)]


class ProjectPermissionQuery(Wire):
    """Whose permissions, and which. Clients ask for ``user_id=me``."""

    user_id: str | None = None
    permission_id: PermissionId | None = None
    recursive: Flag | None = None


class TeamPermissionQuery(ProjectPermissionQuery):
    """The same in one team, or in all of them."""

    team_id: str | None = None


class ProjectPermissionView(Wire):
    """Somebody has a permission in the whole project."""

    id: str
    user_id: str


class TeamPermissionView(ProjectPermissionView):
    """Somebody has a permission in a team."""

    team_id: str


class ProjectPermissionList(Wire):
    """Permissions, all of them."""

    items: list[ProjectPermissionView]
    is_paginated: bool = False


class TeamPermissionList(Wire):
    """Permissions in teams, all of them."""

    items: list[TeamPermissionView]
    is_paginated: bool = False


class DefinitionView(Wire):
    """What a permission is."""

    id: str
    contained_permission_ids: list[str]


class DescribedDefinitionView(DefinitionView):
    """What a permission is, in words, too."""

    description: str


class DefinitionList(Wire):
    """What the permissions of one scope are, all of them."""

    items: list[DescribedDefinitionView | DefinitionView]
    is_paginated: bool = False


class DefinitionUpdate(Wire):
    """What can be changed of a permission; its id, too."""

    id: CustomId | None = None
    description: str | None = None
    contained_permission_ids: list[PermissionId] | None = None


class DefinitionCreate(DefinitionUpdate):
    """A new permission."""

    id: CustomId


def definition_view(definition: Definition) -> DefinitionView:
    """Render what a permission is."""
    contained = list(definition.contained)
    if definition.description is None:
        return DefinitionView(id=definition.id, contained_permission_ids=contained)
    return DescribedDefinitionView(
        id=definition.id,
        contained_permission_ids=contained,
        description=definition.description,
    )


def team_view(grant: Grant) -> TeamPermissionView:
    """Render a permission in a team."""
    return TeamPermissionView(id=grant.permission_id, user_id=grant.user_id, team_id=grant.team_id)


def project_view(grant: Grant) -> ProjectPermissionView:
    """Render a permission in the whole project."""
    return ProjectPermissionView(id=grant.permission_id, user_id=grant.user_id)
