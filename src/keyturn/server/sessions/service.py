"""Use cases of sessions: begin one, recognise its token, list, end."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyturn.protocol.codes import BROWSER_TOKEN_PREFIX, STACK_TOKEN_PREFIX
from keyturn.server.events import store as events
from keyturn.server.secret import new_token
from keyturn.server.sessions import family_token, rules, store
from keyturn.server.sessions.family_token import FamilyToken

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Kind, Lifetime, Origin, Session
    from keyturn.server.storage.base import Storage, Work

_TOKEN_KINDS = {"browser": "browser token"}  # every other plain token is a Stack refresh token


class Sessions:
    """Begins and ends sessions, whatever door they came through.

    Methods named ``..._work`` are units of work for use inside another transaction.
    """

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    def begin_family_work(
        self,
        *,
        project_id: str,
        user_id: str,
        client_id: str,
        kind: Kind,
        lifetime: Lifetime,
        origin: Origin,
        scope: str,
        approved_by: str,
        authenticated_at: int,
        now: int,
        resource: str | None = None,
        claims: str | None = None,
    ) -> Work[Session]:
        """Begin the rotating session of one program; ``refresh_token`` gives its token."""
        session = yield from store.insert(
            str(uuid.uuid4()),
            project_id=project_id,
            user_id=user_id,
            client_id=client_id,
            kind=kind,
            rotation="supersede",
            lifetime=lifetime,
            origin=origin,
            scope=scope,
            resource=resource,
            claims=claims,
            approved_by=approved_by,
            authenticated_at=authenticated_at,
            now=now,
        )
        yield from self._record_begin(session, now)
        return session

    def begin_plain_work(
        self,
        *,
        project_id: str,
        user_id: str,
        kind: Kind,
        lifetime: Lifetime,
        origin: Origin,
        now: int,
        approved_by: str | None = None,
        client_id: str | None = None,
        authenticated_at: int | None = None,
    ) -> Work[tuple[Session, str]]:
        """Begin a session whose one token does not rotate; return it with the token."""
        prefix = BROWSER_TOKEN_PREFIX if kind == "browser" else STACK_TOKEN_PREFIX
        token = new_token(prefix)
        session = yield from store.insert(
            str(uuid.uuid4()),
            project_id=project_id,
            user_id=user_id,
            client_id=client_id,
            kind=kind,
            rotation="none",
            lifetime=lifetime,
            origin=origin,
            approved_by=approved_by,
            authenticated_at=authenticated_at,
            token_hash=self.token_hash(token, kind=kind),
            now=now,
        )
        yield from self._record_begin(session, now)
        return session, token

    def begin_stack_work(
        self, user: User, *, origin: Origin, now: int
    ) -> Work[tuple[Session, str] | None]:
        """Begin what a first factor earns a client; ``None`` where a second one comes first."""
        if user.requires_totp_mfa:
            return None
        return (
            yield from self.begin_plain_work(
                project_id=user.project_id,
                user_id=user.id,
                kind="stack",
                lifetime=rules.STACK,
                origin=origin,
                now=now,
            )
        )

    async def begin_browser(
        self, *, project_id: str, user_id: str, origin: Origin, authenticated_at: int | None = None
    ) -> tuple[Session, str]:
        """Sign a browser in; the token goes into its cookie.

        ``authenticated_at`` is now unless it is given; 0: nobody knows.
        """
        return await self._storage.write(
            self.begin_plain_work,
            project_id=project_id,
            user_id=user_id,
            kind="browser",
            lifetime=rules.BROWSER,
            origin=origin,
            authenticated_at=authenticated_at,
            now=self._clock.now_ms(),
        )

    def token_hash(self, token: str, *, kind: Kind = "stack") -> bytes:
        """Return the hash a plain token is stored under. A browser's is no Stack token's."""
        return self._secret.hash(_TOKEN_KINDS.get(kind, "stack refresh token"), token)

    def refresh_token(self, session: Session) -> str:
        """Return the current refresh token of a rotating family."""
        token = FamilyToken(session.id, session.generation, session.sibling)
        return family_token.write(self._secret, token)

    def read_refresh_token(self, text: str) -> FamilyToken | None:
        """Return what a family's refresh token says, or ``None`` if it is not one of ours."""
        return family_token.read(self._secret, text)

    async def of_browser(self, token: str) -> Session | None:
        """Return the live session behind a browser's cookie."""
        found = await self._storage.read(store.by_token, self.token_hash(token, kind="browser"))
        return found if found and found.is_alive(now=self._clock.now_ms()) else None

    async def of_stack_token(self, token: str) -> Session | None:
        """Return the session behind a Stack refresh token, live or ended."""
        return await self._storage.read(store.by_token, self.token_hash(token))

    async def find(self, session_id: str) -> Session | None:
        """Return a session, live or ended."""
        return await self._storage.read(store.by_id, session_id)

    async def live_of_user(self, user_id: str) -> list[Session]:
        """Return a user's live sessions, newest first."""
        return await self._storage.read(store.live_of_user, user_id, now=self._clock.now_ms())

    async def end(self, session_id: str, *, reason: str, ip: str | None = None) -> Session | None:
        """End a session through any face; ``None`` if it had ended already."""
        return await self._storage.write(
            self.end_work, session_id, reason=reason, ip=ip, now=self._clock.now_ms()
        )

    def end_work(
        self, session_id: str, *, reason: str, now: int, ip: str | None = None
    ) -> Work[Session | None]:
        """End a session inside another transaction."""
        ended = yield from store.end(session_id, reason=reason, now=now)
        if ended and ended.client_id and reason in rules.TAKES_CONSENT_BACK:
            yield from store.withdraw_consent(ended.user_id, ended.client_id)
        if ended:
            yield from events.record(
                "session.ended",
                now=now,
                project_id=ended.project_id,
                user_id=ended.user_id,
                session_id=ended.id,
                ip=ip,
                reason=reason,
            )
        return ended

    async def end_programs(self, user_id: str, *, ip: str | None = None) -> int:
        """End every session of a user that is not a browser's; return how many ended."""
        return await self._storage.write(self._end_programs, user_id, ip, self._clock.now_ms())

    def _end_programs(self, user_id: str, ip: str | None, now: int) -> Work[int]:
        count = yield from store.end_programs_of_user(user_id, reason="revoked", now=now)
        yield from events.record("sessions.ended", now=now, user_id=user_id, ip=ip, count=count)
        return count

    def _record_begin(self, session: Session, now: int) -> Work[None]:
        yield from events.record(
            "session.begun",
            now=now,
            project_id=session.project_id,
            user_id=session.user_id,
            session_id=session.id,
            ip=session.ip,
            kind=session.kind,
            client=session.client_id,
        )
