"""Use cases of administrators: projects and their keys.

Keys are made here, handed back once, and stored as keyed hashes. What a configuration file declares
is changed there: here it would be undone at the next start.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from keyturn.server.events import store as events
from keyturn.server.internal import rules, store
from keyturn.server.permissions import rules as permission_rules
from keyturn.server.permissions import store as permissions
from keyturn.server.projects import store as projects
from keyturn.server.projects.rules import Project, ProjectConfig
from keyturn.server.projects.service import KEY_HASH, KINDS
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from collections.abc import Collection

    from keyturn.server.clock import Clock
    from keyturn.server.internal.rules import KeySet
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage, Work


class Declared(Exception):
    """A configuration file declares the project."""


class NotInTeam(Exception):
    """There is no such team in the internal project, or the user is not one of its members."""


class Administration:
    """What administrators do to projects."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    async def administers(self, user_id: str, project: Project) -> bool:
        """Say whether a user of the internal project administers a project."""
        internal = await self._storage.read(projects.project, rules.INTERNAL)
        if internal is None or not rules.is_internal(internal):
            return False
        return rules.administers(project, await self._teams_of(user_id))

    async def projects(self, user_id: str | None) -> list[Project]:
        """Return what a user of the internal project administers; all for ``None``."""
        found = await self._storage.read(projects.projects)
        if user_id is None:
            return found
        team_ids = await self._teams_of(user_id)
        return [project for project in found if rules.administers(project, team_ids)]

    async def create(
        self, sent: dict[str, Any], *, team_id: str | None, user_id: str | None
    ) -> Project:
        """Create a project without keys, for a team of the internal project.

        Args:
            sent: The members of the body that were sent.
            team_id: Whose it is.
            user_id: Who makes it, and has to be in that team; ``None`` for its administrator.

        Raises:
            NotInTeam, rules.NotHere, rules.Contradiction, PermissionNotFound: nothing was made.
        """
        now = self._clock.now_ms()
        blank = Project(
            id=str(uuid.uuid4()),
            display_name="",
            config=ProjectConfig(owner_team_id=team_id),
            created_at=now,
        )
        project = rules.changed(blank, sent)
        await self._storage.write(self._create, project, sent, team_id, user_id, now)
        return project

    async def change(self, project_id: str, sent: dict[str, Any]) -> Project:
        """Change a project.

        Raises:
            Declared, rules.NotHere, rules.Contradiction, PermissionNotFound: nothing was changed.
        """
        return await self._storage.write(self._change, project_id, sent, self._clock.now_ms())

    async def delete(self, project_id: str) -> None:
        """Delete a project and everything in it. Raises Declared."""
        await self._storage.write(self._delete, project_id, self._clock.now_ms())

    async def create_keys(
        self, project_id: str, kinds: Collection[str], *, description: str, expires_at: int
    ) -> tuple[KeySet, dict[str, str]]:
        """Make a set of keys; return it with the keys, by kind, which nobody can see again."""
        keys = {kind: f"{KINDS[kind]}_{secrets.token_urlsafe(32)}" for kind in kinds}
        set_id, now = str(uuid.uuid4()), self._clock.now_ms()
        await self._storage.write(
            self._create_keys, set_id, project_id, keys, description, expires_at, now
        )
        [made] = await self._storage.read(store.sets, project_id, set_id=set_id)
        return made, keys

    async def keys(self, project_id: str, *, set_id: str = "") -> list[KeySet]:
        """Return a project's sets of keys, newest first, or the one with this id."""
        return await self._storage.read(store.sets, project_id, set_id=set_id)

    async def change_keys(
        self, project_id: str, set_id: str, *, description: str | None, revokes: bool
    ) -> KeySet | None:
        """Describe a set anew, or revoke it for good; ``None`` if there is no such set."""
        found = await self._storage.write(
            self._change_keys, project_id, set_id, description, revokes, self._clock.now_ms()
        )
        return found[0] if found else None

    async def _teams_of(self, user_id: str) -> set[str]:
        found = await self._storage.read(teams.of_user, rules.INTERNAL, user_id)
        return {team.id for team in found}

    def _create(
        self,
        project: Project,
        sent: dict[str, Any],
        team_id: str | None,
        user_id: str | None,
        now: int,
    ) -> Work[None]:
        if team_id is not None and (yield from teams.by_id(rules.INTERNAL, team_id)) is None:
            raise NotInTeam
        if user_id is not None and (
            team_id is None or (yield from teams.member(team_id, user_id)) is None
        ):
            raise NotInTeam
        yield from _check_defaults(project.id, sent)
        yield from _save(project, now)
        yield from events.record("project.created", now=now, project_id=project.id, user_id=user_id)

    def _change(self, project_id: str, sent: dict[str, Any], now: int) -> Work[Project]:
        project = yield from projects.project(project_id)
        if project is None or project.declared:
            raise Declared
        after = rules.changed(project, sent)
        yield from _check_defaults(project_id, sent)
        yield from _save(after, now)
        yield from events.record("project.changed", now=now, project_id=project_id)
        return after

    def _delete(self, project_id: str, now: int) -> Work[None]:
        if not (yield from store.delete_project(project_id)):
            raise Declared
        yield from events.record("project.deleted", now=now, project_id=project_id)

    def _create_keys(
        self,
        set_id: str,
        project_id: str,
        keys: dict[str, str],
        description: str,
        expires_at: int,
        now: int,
    ) -> Work[None]:
        yield from store.add_set(
            set_id, project_id, description=description, expires_at=expires_at, now=now
        )
        for kind, key in keys.items():
            key_hash = self._secret.hash(KEY_HASH, key)
            yield from store.add_key(set_id, kind, key_hash=key_hash, last_four=key[-4:])
        yield from events.record(
            "project.keys_created", now=now, project_id=project_id, keys=set_id
        )

    def _change_keys(
        self, project_id: str, set_id: str, description: str | None, revokes: bool, now: int
    ) -> Work[list[KeySet]]:
        yield from store.change_set(
            set_id, project_id, description=description, revokes=revokes, now=now
        )
        if revokes:
            yield from events.record(
                "project.keys_revoked", now=now, project_id=project_id, keys=set_id
            )
        return (yield from store.sets(project_id, set_id=set_id))


def _save(project: Project, now: int) -> Work[None]:
    yield from projects.save_project(
        project.id, project.display_name, project.config, declared=False, now=now
    )


def _check_defaults(project_id: str, sent: dict[str, Any]) -> Work[None]:
    """Refuse permissions that the project has not defined."""
    wanted = rules.defaults_sent(sent)
    own = yield from permissions.definitions(project_id)
    for scope, ids in wanted.items():
        known = permission_rules.of_scope(own, "team" if scope == "team" else "project")
        for permission_id in ids:
            if permission_id not in known:
                raise permission_rules.PermissionNotFound(permission_id)
