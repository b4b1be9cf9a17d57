"""Use cases around a Stack session's two tokens: begin, renew, recognise.

Its refresh token does not rotate (S-11): clients of that API keep it for a year. So renewing costs
no write, but for noting now and then that the session is in use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.sessions import rules, store

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.access_tokens import AccessTokens
    from keyturn.server.sessions.rules import Kind, Lifetime, Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

# "Last used" is exact to a minute; finer would make every renewal wait for the disk.
NOTED_EVERY_MS = 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSession:
    """A session that has just begun, with its tokens in the clear."""

    user_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The live session behind a refresh token, and whose it is."""

    session: Session
    user: User


class StackTokens:
    """Begins and renews sessions of the Stack-compatible API."""

    def __init__(
        self, storage: Storage, sessions: Sessions, access: AccessTokens, clock: Clock
    ) -> None:
        self._storage, self._sessions, self._clock = storage, sessions, clock
        self.access = access

    async def begin(
        self,
        project: Project,
        user: User,
        *,
        origin: Origin,
        kind: Kind = "stack",
        lifetime: Lifetime = rules.STACK,
    ) -> StackSession:
        """Sign a user in: a new session, durable, with both of its tokens."""
        session, refresh_token = await self._storage.write(
            self._sessions.begin_plain_work,
            project_id=project.id,
            user_id=user.id,
            kind=kind,
            lifetime=lifetime,
            origin=origin,
            now=self._clock.now_ms(),
        )
        access_token = await self.access.issue(project, user, session)
        return StackSession(user_id=user.id, access_token=access_token, refresh_token=refresh_token)

    async def holder(self, project_id: str, refresh_token: str) -> Holder | None:
        """Return who holds a refresh token, or ``None`` if it opens nothing in this project."""
        token_hash = self._sessions.token_hash(refresh_token)
        return await self._storage.read(
            live_holder, project_id, token_hash, now=self._clock.now_ms()
        )

    async def renew(self, project: Project, refresh_token: str, *, ip: str | None) -> str | None:
        """Return a new access token, or ``None`` if the session is over or unknown."""
        found = await self.holder(project.id, refresh_token)
        if found is None:
            return None
        now = self._clock.now_ms()
        if now - found.session.last_used_at >= NOTED_EVERY_MS:
            await self._storage.write(_note_use, found.session, ip, now)
        return await self.access.issue(project, found.user, found.session)


def live_holder(project_id: str, token_hash: bytes, *, now: int) -> Work[Holder | None]:
    """Find the live session of a token hash, and its user if that may sign in."""
    session = yield from store.by_token(token_hash)
    if session is None or session.project_id != project_id or not session.is_alive(now=now):
        return None
    if session.kind == "browser":
        return None
    user = yield from accounts.by_id(project_id, session.user_id)
    if user is None or user.disabled_at is not None:
        return None
    return Holder(session=session, user=user)


def _note_use(session: Session, ip: str | None, now: int) -> Work[None]:
    yield from store.touch(session.id, ip=ip, now=now)
    yield from accounts.touch(session.user_id, now=now)
