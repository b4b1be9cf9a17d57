"""Use cases of permissions: define them, grant them, ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.permissions import rules, store
from keyturn.server.projects import store as projects
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.permissions.rules import Definition, Grant, Scope
    from keyturn.server.storage.base import Storage, Work


class NoSuchHolder(Exception):
    """The project has no such user."""


class NotInTeam(Exception):
    """The user is not a member of the team."""


class NotGranted(Exception):
    """The permission was not granted to the user itself."""


class Permissions:
    """The permissions of every project."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def defined(self, project_id: str, scope: Scope) -> list[Definition]:
        """Return the permissions of one scope, by id; teams have the system ones, too."""
        own = await self._storage.read(store.definitions, project_id)
        return list(rules.of_scope(own, scope).values())

    async def define(self, project_id: str, new: Definition) -> Definition:
        """Add a permission.

        Raises:
            IdTaken, ContainedNotFound: nothing was added.
        """
        return await self._storage.write(self._define, project_id, new, self._clock.now_ms())

    async def redefine(
        self,
        project_id: str,
        scope: Scope,
        permission_id: str,
        *,
        new_id: str | None = None,
        contained: list[str] | None = None,
        description: str | None = None,
    ) -> Definition:
        """Change a permission; what is ``None`` stays. Under a new id everybody keeps it.

        Raises:
            PermissionNotFound, IdTaken, ContainedNotFound: nothing was changed.
        """
        return await self._storage.write(
            self._redefine,
            project_id,
            scope,
            permission_id,
            new_id,
            contained,
            description,
            self._clock.now_ms(),
        )

    async def undefine(self, project_id: str, scope: Scope, permission_id: str) -> None:
        """Remove a permission, also from those who have it and those that contain it.

        Raises:
            PermissionNotFound: nothing was changed.
        """
        await self._storage.write(
            self._undefine, project_id, scope, permission_id, self._clock.now_ms()
        )

    async def in_teams(
        self,
        project_id: str,
        *,
        team_id: str = "",
        user_id: str = "",
        permission_id: str = "",
        recursive: bool,
    ) -> list[Grant]:
        """Return who has what in teams; empty means any."""
        own, direct = await self._storage.read(_in_teams, project_id, team_id, user_id)
        known = rules.of_scope(own, "team")
        return rules.grants(direct, known, recursive=recursive, permission_id=permission_id)

    async def in_project(
        self, project_id: str, *, user_id: str = "", permission_id: str = "", recursive: bool
    ) -> list[Grant]:
        """Return who has what in the whole project; empty means any."""
        own, direct = await self._storage.read(_in_project, project_id, user_id)
        known = rules.of_scope(own, "project")
        return rules.grants(direct, known, recursive=recursive, permission_id=permission_id)

    async def allows(self, project_id: str, team_id: str, user_id: str, permission: str) -> bool:
        """Say whether a member may do something in a team."""
        found = await self.in_teams(
            project_id, team_id=team_id, user_id=user_id, permission_id=permission, recursive=True
        )
        return bool(found)

    async def grant(self, project_id: str, grant: Grant) -> None:
        """Grant a permission; granting it again changes nothing.

        Raises:
            NoSuchHolder, NotInTeam, PermissionNotFound, WrongScope: nothing was changed.
        """
        await self._storage.write(self._grant, project_id, grant, self._clock.now_ms())

    async def revoke(self, project_id: str, grant: Grant) -> None:
        """Take a permission back that was granted itself, not with another that contains it.

        Raises:
            NoSuchHolder, NotInTeam, NotGranted: nothing was changed.
        """
        await self._storage.write(self._revoke, project_id, grant, self._clock.now_ms())

    def _define(self, project_id: str, new: Definition, now: int) -> Work[Definition]:
        own = yield from store.write_down(project_id, now=now)
        definition = rules.defined(own, new)
        yield from store.save(project_id, definition, now=now)
        yield from _recorded("permission.defined", project_id, definition.id, now)
        return definition

    def _redefine(
        self,
        project_id: str,
        scope: Scope,
        permission_id: str,
        new_id: str | None,
        contained: list[str] | None,
        description: str | None,
        now: int,
    ) -> Work[Definition]:
        own = yield from store.write_down(project_id, now=now)
        changed, containing = rules.redefined(
            own,
            scope,
            permission_id,
            new_id=new_id,
            contained=contained,
            description=description,
        )
        if changed.id != permission_id:
            yield from store.delete(project_id, permission_id)
            yield from store.rename_grants(project_id, scope, permission_id, changed.id)
            yield from projects.rename_default_permission(project_id, permission_id, changed.id)
        for definition in (changed, *containing):
            yield from store.save(project_id, definition, now=now)
        yield from _recorded("permission.changed", project_id, changed.id, now)
        return changed

    def _undefine(self, project_id: str, scope: Scope, permission_id: str, now: int) -> Work[None]:
        own = yield from store.write_down(project_id, now=now)
        containing = rules.undefined(own, scope, permission_id)
        yield from store.delete(project_id, permission_id)
        for definition in containing:
            yield from store.save(project_id, definition, now=now)
        yield from store.forget_grants(project_id, scope, permission_id)
        yield from projects.rename_default_permission(project_id, permission_id, None)
        yield from _recorded("permission.removed", project_id, permission_id, now)

    def _grant(self, project_id: str, grant: Grant, now: int) -> Work[None]:
        yield from self._holder(project_id, grant, now)
        own = yield from store.definitions(project_id)
        rules.check_grantable(own, "team" if grant.team_id else "project", grant.permission_id)
        yield from store.grant(grant, now=now)
        yield from _recorded_grant("permission.granted", project_id, grant, now)

    def _revoke(self, project_id: str, grant: Grant, now: int) -> Work[None]:
        yield from self._holder(project_id, grant, now)
        if not (yield from store.revoke(grant)):
            raise NotGranted
        yield from _recorded_grant("permission.revoked", project_id, grant, now)

    def _holder(self, project_id: str, grant: Grant, now: int) -> Work[None]:
        """Check that whoever is to have a permission is there."""
        if (yield from accounts.by_id(project_id, grant.user_id)) is None:
            raise NoSuchHolder
        if not grant.team_id:
            return
        team = yield from teams.by_id(project_id, grant.team_id)
        if team is None or (yield from teams.member(team.id, grant.user_id)) is None:
            raise NotInTeam
        yield from store.write_down_member(project_id, team.id, grant.user_id, now=now)


def _in_teams(
    project_id: str, team_id: str, user_id: str
) -> Work[tuple[tuple[Definition, ...], list[Grant]]]:
    own = yield from store.definitions(project_id)
    return own, (yield from store.of_members(project_id, team_id=team_id, user_id=user_id))


def _in_project(project_id: str, user_id: str) -> Work[tuple[tuple[Definition, ...], list[Grant]]]:
    own = yield from store.definitions(project_id)
    return own, (yield from store.of_users(project_id, user_id=user_id))


def _recorded(kind: str, project_id: str, permission_id: str, now: int) -> Work[None]:
    yield from events.record(kind, now=now, project_id=project_id, permission=permission_id)


def _recorded_grant(kind: str, project_id: str, grant: Grant, now: int) -> Work[None]:
    yield from events.record(
        kind,
        now=now,
        project_id=project_id,
        user_id=grant.user_id,
        permission=grant.permission_id,
        team=grant.team_id,
    )
