"""What permissions there are, and what holding one means. Pure.

A permission may contain others, those contain more, and an administrator may make a circle of them:
who holds one holds everything that can be reached from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Scope = Literal["team", "project"]

UPDATE_TEAM, DELETE_TEAM = "$update_team", "$delete_team"
READ_MEMBERS, REMOVE_MEMBERS = "$read_members", "$remove_members"
INVITE_MEMBERS, MANAGE_API_KEYS = "$invite_members", "$manage_api_keys"
# What this server itself asks for. They cannot be changed.
SYSTEM = {
    UPDATE_TEAM: "Update the team information",
    DELETE_TEAM: "Delete the team",
    READ_MEMBERS: "Read and list the other members of the team",
    REMOVE_MEMBERS: "Remove other members from the team",
    INVITE_MEMBERS: "Invite other users to the team",
    MANAGE_API_KEYS: "Create and manage API keys for the team",
}
TEAM_ADMIN, TEAM_MEMBER = "team_admin", "team_member"
CUSTOM_ID = r"^[a-z0-9_:]+$"
_CUSTOM = re.compile(r"[a-z0-9_:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One permission of a project; ``contained`` are ids of the same scope, in order."""

    id: str
    scope: Scope
    description: str | None = None
    contained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """Somebody has a permission: in a team, or (without one) in the whole project."""

    team_id: str
    user_id: str
    permission_id: str


@dataclass(eq=False)
class PermissionNotFound(Exception):
    """The project has no such permission."""

    permission_id: str


@dataclass(eq=False)
class WrongScope(Exception):
    """The permission is there, but for the other scope."""

    permission_id: str
    wanted: Scope
    found: Scope


@dataclass(eq=False)
class ContainedNotFound(Exception):
    """What is to be contained is not there."""

    permission_id: str


@dataclass(eq=False)
class IdTaken(Exception):
    """There is a permission with that id, in this scope or the other."""

    permission_id: str


# What every project begins with, until somebody changes any of its permissions.
FIRST = (
    Definition(
        id=TEAM_ADMIN,
        scope="team",
        description="Default permission for team creators",
        contained=tuple(sorted(SYSTEM)),
    ),
    Definition(
        id=TEAM_MEMBER,
        scope="team",
        description="Default permission for team members",
        contained=(INVITE_MEMBERS, READ_MEMBERS),
    ),
)
_OF_SYSTEM = tuple(
    Definition(id=name, scope="team", description=words) for name, words in SYSTEM.items()
)


def is_permission_id(text: str) -> bool:
    """Say whether a permission could be called that: its own kind of id, or a system one."""
    return text in SYSTEM or _CUSTOM.fullmatch(text) is not None


def of_scope(own: Iterable[Definition], scope: Scope) -> dict[str, Definition]:
    """Return the permissions of one scope by id, in order; teams have the system ones, too."""
    found = [one for one in own if one.scope == scope]
    found += _OF_SYSTEM if scope == "team" else ()
    return {one.id: one for one in sorted(found, key=lambda one: one.id)}


def held(
    direct: Iterable[str], known: Mapping[str, Definition], *, recursive: bool = True
) -> set[str]:
    """Return everything that is held with ``direct``. What is not defined any more counts nothing.

    Args:
        direct: The ids that were granted.
        known: The permissions of the scope.
        recursive: Whether what they contain is held with them.
    """
    waiting, found = list(direct), set[str]()
    while waiting:
        definition = known.get(waiting.pop())
        if definition is None or definition.id in found:
            continue
        found.add(definition.id)
        if recursive:
            waiting += definition.contained
    return found


def grants(
    direct: Iterable[Grant],
    known: Mapping[str, Definition],
    *,
    recursive: bool,
    permission_id: str = "",
) -> list[Grant]:
    """Return who has what, by team, user and id; narrowed to one permission if that is named."""
    by_holder: dict[tuple[str, str], list[str]] = {}
    for grant in direct:
        by_holder.setdefault((grant.team_id, grant.user_id), []).append(grant.permission_id)
    return sorted(
        Grant(team_id=team_id, user_id=user_id, permission_id=found)
        for (team_id, user_id), ids in by_holder.items()
        for found in held(ids, known, recursive=recursive)
        if permission_id in ("", found)
    )


def check_grantable(own: Iterable[Definition], scope: Scope, permission_id: str) -> None:
    """Raise PermissionNotFound or WrongScope unless the permission can be granted in ``scope``."""
    if scope == "team" and permission_id in SYSTEM:
        return
    found = next((one for one in own if one.id == permission_id), None)
    if found is None:
        raise PermissionNotFound(permission_id)
    if found.scope != scope:
        raise WrongScope(permission_id, scope, found.scope)


def defined(own: Iterable[Definition], new: Definition) -> Definition:
    """Return a definition as it may be added: its id free, what it contains there and in order.

    Raises:
        IdTaken, ContainedNotFound.
    """
    own = tuple(own)
    if any(one.id == new.id for one in own):
        raise IdTaken(new.id)
    known = of_scope(own, new.scope)
    for name in new.contained:
        if name not in known:
            raise ContainedNotFound(name)
    return replace(new, contained=tuple(sorted(set(new.contained))))


def redefined(
    own: Iterable[Definition],
    scope: Scope,
    permission_id: str,
    *,
    new_id: str | None = None,
    contained: Iterable[str] | None = None,
    description: str | None = None,
) -> tuple[Definition, tuple[Definition, ...]]:
    """Return a changed definition, and those that contain it under another id.

    What is ``None`` stays as it is. A definition may come to contain itself.

    Raises:
        PermissionNotFound, IdTaken, ContainedNotFound: nothing is to be changed.
    """
    own = tuple(own)
    old = _one_of(own, scope, permission_id)
    wanted = old.contained if contained is None else tuple(contained)
    for name in wanted:
        if name not in of_scope(own, scope):
            raise ContainedNotFound(name)
    changed = replace(
        old,
        id=new_id or old.id,
        description=old.description if description is None else description,
        contained=_replaced(wanted, old.id, new_id or old.id),
    )
    others = tuple(one for one in own if one.id != old.id)
    if any(one.id == changed.id for one in others):
        raise IdTaken(changed.id)
    if changed.id == old.id:
        return changed, ()
    return changed, tuple(_containing(others, old.id, changed.id))


def undefined(
    own: Iterable[Definition], scope: Scope, permission_id: str
) -> tuple[Definition, ...]:
    """Return the definitions that contained a permission, without it.

    Raises:
        PermissionNotFound: nothing is to be removed.
    """
    own = tuple(own)
    _one_of(own, scope, permission_id)
    return tuple(_containing((one for one in own if one.id != permission_id), permission_id, None))


def _one_of(own: Iterable[Definition], scope: Scope, permission_id: str) -> Definition:
    found = next((one for one in own if (one.id, one.scope) == (permission_id, scope)), None)
    if found is None:
        raise PermissionNotFound(permission_id)
    return found


def _containing(
    definitions: Iterable[Definition], old_id: str, new_id: str | None
) -> Iterable[Definition]:
    return (
        replace(one, contained=_replaced(one.contained, old_id, new_id))
        for one in definitions
        if old_id in one.contained
    )


def _replaced(contained: Iterable[str], old_id: str, new_id: str | None) -> tuple[str, ...]:
    """Return ids in order, one of them changed or taken out."""
    changed = {new_id if name == old_id else name for name in contained}
    return tuple(sorted(name for name in changed if name is not None))
