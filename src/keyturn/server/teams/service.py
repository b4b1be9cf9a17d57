"""Use cases of teams: create, find, change, delete, join and leave."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.teams import store

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage, Work
    from keyturn.server.storage.paging import Page
    from keyturn.server.teams.rules import Member, Profile, Team


class AlreadyMember(Exception):
    """The user is a member already."""


class NoSuchUser(Exception):
    """The project has no such user."""


class Teams:
    """The teams of every project."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def find(self, project_id: str, team_id: str) -> Team | None:
        """Return a team of a project."""
        return await self._storage.read(store.by_id, project_id, team_id)

    async def selected_by(self, user: User) -> Team | None:
        """Return the team a user has selected."""
        if user.selected_team_id is None:
            return None
        return await self.find(user.project_id, user.selected_team_id)

    async def member(self, team_id: str, user_id: str) -> Member | None:
        """Return a membership."""
        return await self._storage.read(store.member, team_id, user_id)

    async def of_user(self, project_id: str, user_id: str) -> list[Team]:
        """Return the teams a user belongs to, oldest first."""
        return await self._storage.read(store.of_user, project_id, user_id)

    async def of_project(self, project_id: str, page: Page) -> list[Team]:
        """Return one page of a project's teams, and one more if there is another page."""
        return await self._storage.read(store.of_project, project_id, page)

    async def create(
        self, project_id: str, columns: dict[str, Any], *, creator_id: str | None
    ) -> Team:
        """Create a team; its creator becomes its first member, with a creator's permissions.

        Raises:
            NoSuchUser: there is no such creator.
        """
        return await self._storage.write(
            self._create, project_id, columns, creator_id, self._clock.now_ms()
        )

    async def update(self, project_id: str, team_id: str, changes: dict[str, Any]) -> Team | None:
        """Change a team; ``None`` if it is gone."""
        return await self._storage.write(self._update, project_id, team_id, changes)

    async def delete(self, team: Team) -> bool:
        """Delete a team; false if it was gone."""
        return await self._storage.write(self._delete, team, self._clock.now_ms())

    async def add_member(self, team: Team, user_id: str) -> None:
        """Add a member.

        Raises:
            NoSuchUser, AlreadyMember: nothing was changed.
        """
        await self._storage.write(self._add_member, team, user_id, self._clock.now_ms())

    async def remove_member(self, team: Team, user_id: str) -> bool:
        """Remove a member; false if it was none."""
        return await self._storage.write(store.remove_member, team.id, user_id)

    async def profiles(
        self, project_id: str, *, team_id: str = "", user_id: str = ""
    ) -> list[tuple[Profile, User]]:
        """Return how members appear in a team, or a user in its teams, each with its user."""
        return await self._storage.read(
            self._profiles, project_id, team_id=team_id, user_id=user_id
        )

    async def update_profile(
        self, team_id: str, user_id: str, changes: dict[str, str | None]
    ) -> bool:
        """Change how a member appears; false if it is none."""
        return await self._storage.write(store.update_profile, team_id, user_id, changes)

    def _profiles(
        self, project_id: str, *, team_id: str, user_id: str
    ) -> Work[list[tuple[Profile, User]]]:
        found = []
        for profile in (yield from store.profiles(project_id, team_id=team_id, user_id=user_id)):
            user = yield from accounts.by_id(project_id, profile.user_id)
            if user is not None:
                found.append((profile, user))
        return found

    def _create(
        self, project_id: str, columns: dict[str, Any], creator_id: str | None, now: int
    ) -> Work[Team]:
        team = yield from store.insert(str(uuid.uuid4()), project_id, now=now, **columns)
        if creator_id is not None:
            if (yield from accounts.by_id(project_id, creator_id)) is None:
                raise NoSuchUser
            yield from store.add_member(team, creator_id, is_creator=True, now=now)
        yield from events.record(
            "team.created", now=now, project_id=project_id, user_id=creator_id, team=team.id
        )
        return team

    def _update(self, project_id: str, team_id: str, changes: dict[str, Any]) -> Work[Team | None]:
        team = yield from store.by_id(project_id, team_id)
        if team is None:
            return None
        return (yield from store.update(team, **changes))

    def _delete(self, team: Team, now: int) -> Work[bool]:
        deleted = yield from store.delete(team)
        if deleted:
            yield from events.record(
                "team.deleted", now=now, project_id=team.project_id, team=team.id
            )
        return deleted

    def _add_member(self, team: Team, user_id: str, now: int) -> Work[None]:
        if (yield from accounts.by_id(team.project_id, user_id)) is None:
            raise NoSuchUser
        if not (yield from store.add_member(team, user_id, is_creator=False, now=now)):
            raise AlreadyMember
