"""The transactions of CLI sign-in. Each ends in one conditional statement, which is the lock."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

from keyturn.server.accounts import store as accounts
from keyturn.server.cli_login import sealing, store
from keyturn.server.cli_login.outcomes import Refusal, Refused, Started
from keyturn.server.events import store as events
from keyturn.server.sessions import rules as session_rules
from keyturn.server.sessions import store as sessions_store
from keyturn.server.sessions.stack_tokens import live_holder
from keyturn.server.storage.base import announce

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.cli_login.rules import Attempt, Decision
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.sessions.stack_tokens import Holder
    from keyturn.server.storage.base import Work


class Transactions:
    """Units of work, to be handed to ``storage.write``."""

    def __init__(self, secret: ServerSecret, sessions: Sessions) -> None:
        self._secret, self._sessions = secret, sessions

    def start(
        self,
        project_id: str,
        started: Started,
        anonymous_token: str | None,
        origin: Origin,
        now: int,
    ) -> Work[None]:
        """Create an attempt, with the anonymous session it may carry. Raises Refused."""
        attempt = str(uuid.uuid4())
        public, private_sealed = sealing.new_key_pair(
            self._secret, started.polling_code, attempt=attempt
        )
        guest = sealed = None
        if anonymous_token is not None:
            token_hash = self._sessions.token_hash(anonymous_token)
            guest = yield from _anonymous_session(project_id, token_hash, now)
            sealed = sealing.seal_under_login_code(
                self._secret, started.login_code, anonymous_token, attempt=attempt
            )
        yield from store.insert(
            attempt,
            project_id=project_id,
            polling_code_hash=self._secret.hash("polling code", started.polling_code),
            login_code_hash=self._secret.hash("login code", started.login_code),
            public_key=public,
            private_key_sealed=private_sealed,
            ip=origin.ip,
            user_agent=origin.user_agent,
            now=now,
            expires_at=started.expires_at,
            anonymous_user_id=guest.user_id if guest else None,
            anonymous_session_id=guest.id if guest else None,
            anonymous_token_sealed=sealed,
        )

    def claim(self, attempt: Attempt, token: str, now: int) -> Work[Holder]:
        """Take the anonymous session off an attempt. Raises Refused."""
        if not (yield from store.claim(attempt.id, now=now)):
            raise Refused(Refusal.NOTHING_TO_CLAIM)
        token_hash = self._sessions.token_hash(token)
        holder = yield from live_holder(attempt.project_id, token_hash, now=now)
        if holder is None or not holder.user.is_anonymous:
            raise Refused(Refusal.ANONYMOUS_SESSION_OVER)
        return holder

    def complete(self, attempt: Attempt, token_hash: bytes, sealed: bytes, now: int) -> Work[None]:
        """Approve with the session of a browser's own token. Raises Refused."""
        session = yield from sessions_store.by_token(token_hash)
        if session is None or not session.is_alive(now=now) or session.kind == "browser":
            raise Refused(Refusal.REFRESH_TOKEN_UNKNOWN)
        if session.project_id != attempt.project_id:
            raise Refused(Refusal.REFRESH_TOKEN_OF_ANOTHER_PROJECT)
        if not (yield from self.decide(attempt, "approved", session, sealed, now)):
            raise Refused(Refusal.NOT_OPEN)

    def approve(
        self,
        attempt: Attempt,
        user: User,
        browser_session: Session,
        origin: Origin,
        now: int,
    ) -> Work[Session]:
        """Approve with a new session for the CLI alone. Raises Refused."""
        session, token = yield from self._sessions.begin_plain_work(
            project_id=attempt.project_id,
            user_id=user.id,
            kind="cli",
            lifetime=session_rules.STACK,
            origin=session_rules.Origin(ip=attempt.ip, user_agent=attempt.user_agent),
            now=now,
            approved_by=browser_session.id,
        )
        sealed = sealing.seal_to(attempt.public_key, token, attempt=attempt.id)
        decided = yield from self.decide(
            attempt, "approved", browser_session, sealed, now, ip=origin.ip
        )
        if not decided:
            raise Refused(Refusal.NOT_OPEN)
        return session

    def decide(
        self,
        attempt: Attempt,
        decision: Decision,
        by: Session | None,
        sealed: bytes | None,
        now: int,
        *,
        ip: str | None = None,
    ) -> Work[bool]:
        """Decide an attempt that is still open; false if it is not."""
        decided = yield from store.decide(
            attempt.id,
            decision,
            now=now,
            decided_by=by.id if by else None,
            refresh_token_sealed=sealed,
        )
        if decided:
            yield from announce(topic(attempt.id))
            yield from events.record(
                f"cli_login.{decision}",
                now=now,
                project_id=attempt.project_id,
                user_id=by.user_id if by else None,
                session_id=by.id if by else None,
                ip=ip,
                attempt=attempt.id,
            )
        return decided

    def redeem(
        self, attempt: Attempt, token_hash: bytes, now: int
    ) -> Work[Literal["success", "used", "expired"]]:
        """Use an approved attempt up."""
        if not (yield from store.redeem(attempt.id, now=now)):
            return "used"
        session = yield from sessions_store.by_token(token_hash)
        if session is None:
            return "expired"
        # Asked again at the last moment (S-24): the account may have been barred since, and either
        # session may have ended, the one that is handed out or the one that approved it.
        holder = yield from live_holder(attempt.project_id, token_hash, now=now)
        by = yield from sessions_store.by_id(attempt.decided_by or "")
        if holder is not None and by is not None and by.is_alive(now=now):
            return "success"
        if session.id != attempt.decided_by:
            # Begun for this program alone, which will never have its token.
            yield from self._sessions.end_work(session.id, reason="approval withdrawn", now=now)
        return "expired"


def _anonymous_session(project_id: str, token_hash: bytes, now: int) -> Work[Session]:
    session = yield from sessions_store.by_token(token_hash)
    if session is None or session.kind == "browser":
        raise Refused(Refusal.ANONYMOUS_TOKEN_UNKNOWN)
    if session.project_id != project_id:
        raise Refused(Refusal.ANONYMOUS_TOKEN_OF_ANOTHER_PROJECT)
    if not session.is_alive(now=now):
        raise Refused(Refusal.ANONYMOUS_TOKEN_EXPIRED)
    user = yield from accounts.by_id(project_id, session.user_id)
    if user is None or user.disabled_at is not None:
        raise Refused(Refusal.ANONYMOUS_TOKEN_WITHOUT_USER)
    if not user.is_anonymous:
        raise Refused(Refusal.NOT_ANONYMOUS)
    return session


def topic(attempt_id: str) -> str:
    """Return what a poll waits for and a decision wakes."""
    return f"cli:{attempt_id}"
