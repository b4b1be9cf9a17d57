"""Telling an account's owner that a session ended because an old token was used again (S-33).

The alert is a row written by the transaction that ends the session; mails follow in the
background, so that they neither delay nor fail a request. A process that dies over a mail leaves
the row due: every server looks at its start and once a minute. So a mail is sent at least once,
and twice only if the process dies between the mail server's last word and the note of it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.clock import instant
from keyturn.server.http.limits import Limit, TooMany
from keyturn.server.mail.session_alert import session_alert_mail
from keyturn.server.sessions import alert_store as store
from keyturn.server.sessions import store as sessions
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.http.limits import Limits
    from keyturn.server.mail.service import Mail
    from keyturn.server.projects.service import Projects
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Row, Storage

log: logging.Logger = logging.getLogger("keyturn.sessions")

LOOK_SECONDS = 60
# Longer than every attempt at an unwilling mail server takes together.
CLAIM_MS = 10 * 60_000
MAILS_PER_HOUR = 5
SHOWN = 3


class Alerts:
    """Sends what is due, and gives the sessions page what it shows."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        projects: Projects,
        limits: Limits,
        mail: Mail,
        *,
        issuer: str,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._projects, self._limits, self._mail = projects, limits, mail
        self._issuer = issuer
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send what an earlier process left, then look once a minute."""
        self._looking = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Stop looking; what is due stays due."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def send_soon(self) -> None:
        """Send what is due once the answer has left."""
        self._mail.soon(self.send_due())

    async def send_due(self) -> None:
        """Send every mail that is due, one after the other."""
        try:
            while await self._send_next():
                pass
        except StorageUnavailable as error:
            log.warning("alerts have to wait: %s", error)

    async def of_user(self, user_id: str) -> list[Row]:
        """Return what a user has not put away: session_id, client_id, host_name, ip, created_at."""
        return await self._storage.read(store.of_user, user_id, most=SHOWN)

    async def dismiss(self, session_id: str, *, user_id: str) -> None:
        """Put a user's own alert away; anybody else's stays."""
        now = self._clock.now_ms()
        await self._storage.write(store.dismiss, session_id, user_id=user_id, now=now)

    async def _forever(self) -> None:
        while True:
            await self.send_due()
            await asyncio.sleep(LOOK_SECONDS)

    async def _send_next(self) -> bool:
        now = self._clock.now_ms()
        session_id = await self._storage.read(store.due, now=now)
        if session_id is None:
            return False
        claimed = await self._storage.write(store.claim, session_id, now=now, until=now + CLAIM_MS)
        if claimed is not None:
            await self._tell(claimed)
        return True

    async def _tell(self, alert: Row) -> None:
        session = await self._storage.read(sessions.by_id, alert["session_id"])
        if session is None:
            return  # its row went with it
        user = await self._storage.read(accounts.by_id, session.project_id, session.user_id)
        if user is not None and user.primary_email is not None:
            try:
                await self._limits.take([_limit(user)])
            except TooMany as limit:
                await self._storage.write(store.put_off, session.id, until=limit.until)
                return
            await self._send(user.primary_email, session, alert)
        await self._storage.write(store.settle, session.id)

    async def _send(self, email: str, session: Session, alert: Row) -> None:
        project = await self._projects.find(session.project_id)
        client = await self._projects.client(session.client_id) if session.client_id else None
        site = project.display_name if project else self._issuer
        prefix = await self._projects.page_prefix(session.project_id)
        words = session_alert_mail(
            site=site,
            email=email,
            program=client.display_name if client else site,
            host_name=session.host_name,
            at=instant(alert["created_at"]),
            ip=alert["ip"],
            sessions_page=f"{self._issuer}{prefix}/sessions",
        )
        try:
            await self._mail.send(to=email, **words)
        except ValueError as error:
            # No address that a mail can have: trying again would change nothing.
            log.warning("an alert cannot be mailed: %s", type(error).__name__)


def _limit(user: User) -> Limit:
    return Limit(f"session alerts of {user.id}", MAILS_PER_HOUR, 3600)
