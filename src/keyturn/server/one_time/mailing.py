"""Codes that travel by mail: how many are sent, how one is kept, and when the mail leaves.

What a request can see never depends on whether somebody has the address: counting and keeping are
the same for everybody, and whatever looks the address up runs after the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.one_time.service import new_code
from keyturn.server.signin.tries import tries_of

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from keyturn.server.clock import Clock
    from keyturn.server.http.limits import Limits
    from keyturn.server.mail.service import Mail
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.one_time.store import Kind
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage


class MailedCodes:
    """Makes codes for one kind of mail after another."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        limits: Limits,
        codes: OneTimeCodes,
        mail: Mail,
        *,
        limit_volume: bool,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._limits, self._codes, self._mail = limits, codes, mail
        self._limit_volume = limit_volume

    async def count(self, project_id: str, email: str, *, counted_ip: str | None) -> None:
        """Count one mail, for its address and for the visitor who asked for it.

        Raises:
            TooMany: that many mails to this address, or for this visitor, were asked for already.
        """
        if not self._limit_volume:
            return
        found = tries_of(
            "mail", self._secret, project_id=project_id, email=email, counted_ip=counted_ip
        )
        await self._limits.take(found)

    async def new(
        self, kind: Kind, *, minutes: int, facts: Mapping[str, Any], user_id: str | None = None
    ) -> str:
        """Return a new code, which is kept as hashes before anybody learns it."""
        code = new_code()
        await self._storage.write(
            self._codes.new,
            kind,
            code,
            now=self._clock.now_ms(),
            minutes=minutes,
            user_id=user_id,
            facts=facts,
        )
        return code

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what ends in a mail once the answer has left."""
        self._mail.soon(work)

    async def send(self, to: str, letter: tuple[str, str]) -> None:
        """Send a mail of this subject and text."""
        await self._mail.send(to=to, subject=letter[0], text=letter[1])
