"""The single-use token behind the buttons of a confirm page.

Showing the page writes one row: which session it was shown to, and what it asked. Pressing a
button uses the row up in the very transaction that carries the decision out. So no GET, no URL, no
second press and no other session's page approves anything (server promise S-51).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from keyturn.server.secret import Unsealable, new_token
from keyturn.server.storage.base import Row, Work, first, run

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Storage

Kind = Literal["loopback", "device", "stack"]

PAGE_SECONDS = 600


class AlreadyUsed(Exception):
    """A button of that very page was pressed before; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a confirm page asked. Instants are milliseconds since 1970.

    ``request`` is the authorization request's query, the device request's id or the login code.
    """

    kind: Kind
    request: str = field(repr=False)
    decision: str | None
    used_at: int | None


class Approvals:
    """Makes and uses up the tokens of confirm pages."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    async def ask(self, kind: Kind, request: str, *, session: Session) -> str:
        """Return the form token of a confirm page about to be shown to ``session``."""
        token, now = new_token(), self._clock.now_ms()
        await self._storage.write(
            _insert,
            token_hash=self._hash(token),
            kind=kind,
            session_id=session.id,
            request=self._secret.seal("approval", request.encode(), context=session.id),
            now=now,
            expires_at=now + PAGE_SECONDS * 1000,
        )
        return token

    async def asked(self, token: str, *, session: Session) -> Asked | None:
        """Return what the page with this token asked ``session``; ``None`` if it never did."""
        row = await self._storage.read(_find, self._hash(token), session.id)
        return self._read(row, session) if row else None

    def use_work(self, token: str, *, session: Session, decision: str, now: int) -> Work[None]:
        """Use a token up inside the transaction that carries out the decision.

        Raises:
            AlreadyUsed: it was used before, or its ten minutes are over.
        """
        row = yield from first(
            "use_approval",
            token_hash=self._hash(token),
            session_id=session.id,
            decision=decision,
            now=now,
        )
        if row is None:
            raise AlreadyUsed

    async def use(self, token: str, *, session: Session, decision: str) -> None:
        """Use a token up by itself, for a decision that changes nothing else."""
        await self._storage.write(
            self.use_work, token, session=session, decision=decision, now=self._clock.now_ms()
        )

    def _hash(self, token: str) -> bytes:
        return self._secret.hash("approval", token)

    def _read(self, row: Row, session: Session) -> Asked | None:
        try:
            request = self._secret.open("approval", row["request"], context=session.id)
        except Unsealable:
            return None
        return Asked(
            kind=row["kind"],
            request=request.decode(),
            decision=row["decision"],
            used_at=row["used_at"],
        )


def _insert(**params: object) -> Work[None]:
    yield from run("insert_approval", **params)


def _find(token_hash: bytes, session_id: str) -> Work[Row | None]:
    return (yield from first("approval", token_hash=token_hash, session_id=session_id))
