"""Use cases of CLI sign-in on the Stack-compatible face: start, poll, look, claim, decide.

Exactly one of any number of simultaneous polls, decisions or claims wins (S-6): each ends in one
conditional UPDATE, so the database is the judge, across processes too.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from keyturn.protocol.codes import POLLING_CODE_PREFIX, new_login_code
from keyturn.server.cli_login import sealing, store
from keyturn.server.cli_login.outcomes import Claimed, Poll, Refusal, Refused, Started
from keyturn.server.cli_login.work import Transactions, topic
from keyturn.server.secret import new_token
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.cli_login.rules import Attempt
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work
    from keyturn.server.waiting import Hub


class CliLogin:
    """Attempts of CLIs to be signed in by a browser elsewhere."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        sessions: Sessions,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._storage, self._secret, self._sessions = storage, secret, sessions
        self._hub, self._clock = hub, clock
        self._work = Transactions(secret, sessions)

    async def start(
        self, project_id: str, *, life_ms: int, anonymous_token: str | None, origin: Origin
    ) -> Started:
        """Begin an attempt.

        Raises:
            Refused: the anonymous token is not one that may be attached.
        """
        polling_code, login_code = new_token(POLLING_CODE_PREFIX), new_login_code(secrets.choice)
        now = self._clock.now_ms()
        started = Started(
            polling_code=polling_code, login_code=login_code, expires_at=now + life_ms
        )
        await self._storage.write(
            self._work.start, project_id, started, anonymous_token, origin, now
        )
        return started

    async def poll(
        self,
        project_id: str,
        polling_code: str,
        *,
        wait_seconds: float = 0,
        is_gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> Poll | Later[Poll] | None:
        """Tell a waiting CLI what has been decided, or what waits for that.

        ``None``: the code is not known here.

        Args:
            project_id: The project that the poll names.
            polling_code: The secret half of the attempt.
            wait_seconds: How long to hold the answer back while nobody has decided (S-40).
            is_gone: Says whether the caller has hung up; then nothing is given out to nobody.
        """
        attempt = await self._by_polling_code(polling_code)
        if attempt is None or attempt.project_id != project_id:
            return None
        if wait_seconds > 0 and attempt.standing(now=self._clock.now_ms()) == "waiting":
            return Later(
                partial(
                    self._held, attempt.id, attempt.expires_at, polling_code, wait_seconds, is_gone
                )
            )
        return await self._outcome(attempt, polling_code)

    async def attempt_by_login_code(self, login_code: str) -> Attempt | None:
        """Return the attempt that a login code names, decided and expired ones too."""
        code_hash = self._secret.hash("login code", login_code)
        return await self._storage.read(store.by_login_code, code_hash)

    async def open_attempt(self, project_id: str, login_code: str) -> Attempt:
        """Return an attempt of a project that nobody has decided. Raises Refused."""
        attempt = await self.attempt_by_login_code(login_code)
        now = self._clock.now_ms()
        if attempt is None or attempt.project_id != project_id or not attempt.is_open(now=now):
            raise Refused(Refusal.NOT_OPEN)
        return attempt

    async def claim(self, project_id: str, login_code: str) -> Claimed:
        """Hand out the attached anonymous session, once. Raises Refused."""
        attempt = await self.open_attempt(project_id, login_code)
        if attempt.anonymous_token_sealed is None:
            raise Refused(Refusal.NOTHING_TO_CLAIM)
        token = sealing.open_under_login_code(
            self._secret, login_code, attempt.anonymous_token_sealed, attempt=attempt.id
        )
        holder = await self._storage.write(self._work.claim, attempt, token, self._clock.now_ms())
        return Claimed(holder=holder, refresh_token=token)

    async def complete(self, project_id: str, login_code: str, refresh_token: str | None) -> None:
        """Approve with the session of the browser that asks: the poll gets this very token.

        Raises:
            Refused: the attempt is not open, or the token is not a live one of this project.
        """
        attempt = await self.open_attempt(project_id, login_code)
        if refresh_token is None:
            raise Refused(Refusal.REFRESH_TOKEN_MISSING)
        sealed = sealing.seal_to(attempt.public_key, refresh_token, attempt=attempt.id)
        token_hash = self._sessions.token_hash(refresh_token)
        await self._storage.write(
            self._work.complete, attempt, token_hash, sealed, self._clock.now_ms()
        )
        self._hub.wake(topic(attempt.id))

    async def approve_on_page(
        self, attempt: Attempt, user: User, browser_session: Session, origin: Origin
    ) -> Session:
        """Approve on the server's own page: the CLI gets a session of its own (S-6a).

        Args:
            attempt: What the page showed.
            user: Who approves.
            browser_session: The session of the browser that approves.
            origin: Where that browser is, for the audit log.

        Raises:
            Refused: somebody was faster, or the attempt has expired.
        """
        session = await self._storage.write(
            self._work.approve, attempt, user, browser_session, origin, self._clock.now_ms()
        )
        self._hub.wake(topic(attempt.id))
        return session

    def approve_work(
        self, attempt: Attempt, user: User, browser_session: Session, origin: Origin, now: int
    ) -> Work[Session]:
        """Approve inside another transaction; ``announce`` once that is durable. Raises Refused."""
        return (yield from self._work.approve(attempt, user, browser_session, origin, now))

    def deny_work(self, attempt: Attempt, by: Session, now: int) -> Work[bool]:
        """Deny inside another transaction; ``announce`` once that is durable."""
        return (yield from self._work.decide(attempt, "denied", by, None, now))

    def announce(self, attempt: Attempt) -> None:
        """Wake the poll that waits for this attempt."""
        self._hub.wake(topic(attempt.id))

    async def deny(self, attempt: Attempt, *, by: Session | None = None) -> bool:
        """Deny an attempt; false if it was decided or over already."""
        denied = await self._storage.write(
            self._work.decide, attempt, "denied", by, None, self._clock.now_ms()
        )
        if denied:
            self._hub.wake(topic(attempt.id))
        return denied

    async def _by_polling_code(self, polling_code: str) -> Attempt | None:
        code_hash = self._secret.hash("polling code", polling_code)
        return await self._storage.read(store.by_polling_code, code_hash)

    async def _held(
        self,
        attempt_id: str,
        expires_at: int,
        polling_code: str,
        seconds: float,
        is_gone: Callable[[], Awaitable[bool]] | None,
    ) -> Poll:
        """Wait for a decision; while waiting, no statement runs."""
        left = max(0.0, (expires_at - self._clock.now_ms()) / 1000)
        found = await self._hub.wait(
            topic(attempt_id),
            seconds=min(seconds, left),
            check=partial(self._decided, polling_code),
        )
        if found is None:
            # Time is up, or another poll has taken this one's place: then a decision is for that.
            is_over = self._clock.now_ms() >= expires_at
            return Poll(status="expired" if is_over else "waiting")
        if is_gone is not None and await is_gone():
            return Poll(status="waiting")
        return await self._outcome(found, polling_code)

    async def _decided(self, polling_code: str) -> Attempt | None:
        found = await self._by_polling_code(polling_code)
        if found is None or found.standing(now=self._clock.now_ms()) == "waiting":
            return None
        return found

    async def _outcome(self, attempt: Attempt, polling_code: str) -> Poll:
        now = self._clock.now_ms()
        standing = attempt.standing(now=now)
        if standing != "approved" or attempt.refresh_token_sealed is None:
            return Poll(status="used" if standing == "approved" else standing)
        token = sealing.open_with(
            self._secret,
            polling_code,
            public_key=attempt.public_key,
            private_key_sealed=attempt.private_key_sealed,
            box=attempt.refresh_token_sealed,
            attempt=attempt.id,
        )
        status = await self._storage.write(
            self._work.redeem, attempt, self._sessions.token_hash(token), now
        )
        return Poll(status=status, refresh_token=token if status == "success" else None)
