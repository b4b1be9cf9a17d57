"""Use cases of mails that a project's server asks for: queue one, say what became of them.

A mail is queued in the transaction that is durable before the answer leaves, one row for each
recipient; ``sender`` works the rows off. What it says is sealed: it may hold links and codes.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.emails import rules, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Row, Storage, Work

SEAL = "outgoing mail"
SHOWN = 100


class NoSuchRecipient(Exception):
    """The project has no user with this id."""

    def __init__(self, user_id: str) -> None:
        super().__init__("no such user")
        self.user_id: str = user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """What is to be sent.

    Attributes:
        project_id: Whose server asks for it.
        subject: In one line.
        html: What it says.
        category_id: What kind of mail it is, if that is said.
        urgent: Whether it goes before others.
        user_ids: Whom it is for; ``None`` for everybody in the project.
        not_before: When it may leave, in milliseconds.
    """

    project_id: str
    subject: str = field(repr=False)
    html: str = field(repr=False)
    category_id: str | None
    urgent: bool
    user_ids: Sequence[str] | None
    not_before: int = 0


class Emails:
    """The mails of every project."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    async def queue(self, mail: NewMail) -> list[str]:
        """Queue a mail; return the ids of those it is for.

        Raises:
            NoSuchRecipient: of the first user that is not there; nothing is queued.
        """
        mail_id = str(uuid.uuid4())
        return await self._storage.write(self._queue, mail_id, mail, self._clock.now_ms())

    async def statistics(self, project_id: str) -> dict[str, dict[str, int]]:
        """Return how many mails were sent and bounced, by window."""
        now = self._clock.now_ms()
        since = {name: now - length for name, length in rules.WINDOWS_MS.items()}
        row = await self._storage.read(store.statistics, project_id, since=since)
        return {
            name: {kind: int(row[f"{kind}_{name}"]) for kind in ("sent", "bounced")}
            for name in since
        }

    async def newest(self, project_id: str) -> list[tuple[Row, str]]:
        """Return a project's newest deliveries, each with its subject."""
        rows = await self._storage.read(store.newest, project_id, most=SHOWN)
        return [
            (row, self.opened(row["mail_id"], "subject", row["subject_sealed"])) for row in rows
        ]

    def opened(self, mail_id: str, part: str, sealed: bytes) -> str:
        """Open one part of a mail: ``subject`` or ``html``."""
        context = _context(mail_id, part)
        return self._secret.open(SEAL, bytes(sealed), context=context).decode()

    def _sealed(self, mail_id: str, part: str, text: str) -> bytes:
        return self._secret.seal(SEAL, text.encode(), context=_context(mail_id, part))

    def _queue(self, mail_id: str, mail: NewMail, now: int) -> Work[list[str]]:
        yield from store.add_mail(
            mail_id,
            mail.project_id,
            category_id=mail.category_id,
            subject_sealed=self._sealed(mail_id, "subject", mail.subject),
            html_sealed=self._sealed(mail_id, "html", mail.html),
            now=now,
        )
        due_at = max(now, mail.not_before)
        if mail.user_ids is None:
            return (
                yield from store.add_everybody(
                    mail_id, mail.project_id, urgent=mail.urgent, due_at=due_at, now=now
                )
            )
        for user_id in (wanted := list(dict.fromkeys(mail.user_ids))):
            added = yield from store.add_recipient(
                mail_id, mail.project_id, user_id, urgent=mail.urgent, due_at=due_at, now=now
            )
            if not added:
                raise NoSuchRecipient(user_id)
        return wanted


def _context(mail_id: str, part: str) -> str:
    return json.dumps([mail_id, part])
