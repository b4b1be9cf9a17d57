"""Works off the queue of mails, one after the other, at an even pace.

Every server looks at its start, when a mail was queued here, and once a minute. A process that dies
over a mail leaves its row due again after a while: so a mail is sent at least once, and twice only
if the process dies between the mail server's last word and the note of it; both have one name.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.emails import rules, store
from keyturn.server.mail.service import Letter
from keyturn.server.notifications import store as notifications
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.emails.rules import Status
    from keyturn.server.emails.service import Emails
    from keyturn.server.mail.service import Mail, Outcome
    from keyturn.server.storage.base import Row, Storage, Work

log: logging.Logger = logging.getLogger("keyturn.emails")

LOOK_SECONDS = 60.0
# Longer than one attempt at an unwilling mail server takes.
CLAIM_MS = 10 * 60_000
RATE_PER_SECOND = 20.0
STOP_SECONDS = 5.0
_STATUS: dict[Outcome, Status] = {"sent": "sent", "kept": "kept", "refused": "bounced"}


class Sender:
    """One process's share in sending what is queued."""

    def __init__(self, storage: Storage, clock: Clock, emails: Emails, mail: Mail) -> None:
        self._storage, self._clock, self._emails, self._mail = storage, clock, emails, mail
        self._one_at_a_time = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stopping = False
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send what an earlier process left, then whatever is queued."""
        self._working = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Finish the mail under way, if it takes no longer than 5 seconds; the rest stays due."""
        self._stopping = True
        self._wake.set()
        if self._working is not None:
            await asyncio.wait([self._working], timeout=STOP_SECONDS)
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        self._stopping = False

    def send_soon(self) -> None:
        """Look at the queue now, without making the caller wait."""
        self._wake.set()

    async def send_due(self) -> None:
        """Send every mail that is due, until the mail server cannot be reached."""
        async with self._one_at_a_time:
            # A pace, not a wait for something to happen.
            while not self._stopping and await self._send_next():  # noqa: ASYNC110
                await asyncio.sleep(1 / RATE_PER_SECOND)

    async def _forever(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self.send_due()
            except StorageUnavailable as error:
                log.warning("mails have to wait: %s", error)
            except Exception as error:
                # Without its message, which may quote what a mail says.
                log.error("a mail could not be worked on: %s", type(error).__name__)
            await self._look_again()

    async def _look_again(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _send_next(self) -> bool:
        now = self._clock.now_ms()
        delivery_id = await self._storage.read(store.due, now=now)
        if delivery_id is None:
            return False
        claimed = await self._storage.write(store.claim, delivery_id, now=now, until=now + CLAIM_MS)
        return claimed is None or await self._deliver(claimed)

    async def _deliver(self, delivery: Row) -> bool:
        """Attempt one delivery and note the outcome; false if the mail server is not there."""
        mail, user, skipped = await self._storage.read(self._facts, delivery)
        address = user.primary_email if user else None
        if mail is None or mail["html_sealed"] is None:
            return True  # swept, or finished by a sender that was taken for dead
        if rules.is_hopeless(delivery["attempts"]):
            return await self._finish(delivery, "failed", reason=rules.GAVE_UP)
        if skipped is not None or address is None:
            return await self._finish(delivery, "skipped", reason=skipped)
        # A long text takes a while to be read, in which others want answers.
        letter = await asyncio.to_thread(self._letter, delivery, mail, address)
        try:
            outcome = await self._mail.attempt(letter)
        except ValueError:
            return await self._finish(delivery, "skipped", reason=rules.NOT_AN_ADDRESS)
        status = _STATUS.get(outcome)
        if status is None:
            await self._put_off(delivery, letter, outcome)
            return outcome != "unreachable"
        return await self._finish(delivery, status, address=address)

    def _facts(self, delivery: Row) -> Work[tuple[Row | None, User | None, str | None]]:
        mail = yield from store.mail(delivery["mail_id"])
        user = yield from accounts.by_id(delivery["project_id"], delivery["user_id"])
        chosen = yield from notifications.chosen(delivery["user_id"])
        category_id = mail["category_id"] if mail else None
        return mail, user, rules.why_skipped(user, category_id, chosen)

    def _letter(self, delivery: Row, mail: Row, address: str) -> Letter:
        html = self._emails.opened(mail["id"], "html", mail["html_sealed"])
        return Letter(
            to=address,
            subject=self._emails.opened(mail["id"], "subject", mail["subject_sealed"]),
            html=html,
            text=rules.plain_text(html),
            name=rules.message_name(delivery["id"]),
        )

    async def _put_off(self, delivery: Row, letter: Letter, outcome: Outcome) -> None:
        until = rules.next_attempt(delivery["attempts"], now=self._clock.now_ms())
        if until is None:
            await self._mail.keep(letter)
            await self._finish(delivery, "failed", reason=rules.GAVE_UP, address=letter.to)
            return
        reason = rules.UNREACHABLE if outcome == "unreachable" else rules.DEFERRED
        await self._storage.write(store.put_off, delivery["id"], until=until, reason=reason)

    async def _finish(
        self,
        delivery: Row,
        status: Status,
        *,
        reason: str | None = None,
        address: str | None = None,
    ) -> bool:
        now = self._clock.now_ms()
        await self._storage.write(
            store.finish, delivery, status, reason=reason, address=address, now=now
        )
        return True
