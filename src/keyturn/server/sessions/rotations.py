"""Many refreshes at once: one statement and one commit for those that wait at the moment.

A server does nothing more often, and a commit costs more than all the rest of it. What one of them
asks for never decides about another: who is not moved here is judged alone, by the rules.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from keyturn.server.sessions import store

if TYPE_CHECKING:
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Storage

LARGEST_BATCH = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """One token, presented by its client as the current one of its family. ``now`` in ms."""

    token: FamilyToken
    client_id: str
    ip: str | None
    now: int
    answer: asyncio.Future[Session | None] = field(compare=False)


class Rotations:
    """Moves families whose current token is presented to their next generation (S-30)."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lane] = WeakKeyDictionary()

    async def rotate(
        self, token: FamilyToken, *, client_id: str, ip: str | None, now: int
    ) -> Session | None:
        """Return the family at its next generation, once that is durable and in the audit log.

        ``None``: it is not as plain as that, and nothing was changed.

        Raises:
            StorageUnavailable: nothing was changed.
        """
        loop = asyncio.get_running_loop()
        lane = self._lanes.get(loop)
        if lane is None:
            lane = self._lanes[loop] = _Lane(self._storage)
        asked = Asked(token, client_id, ip, now, loop.create_future())
        lane.put(asked, loop)
        return await asked.answer


class _Lane:
    """Those who ask in one event loop. While some are being written, the others gather."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: list[Asked] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, asked: Asked, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.append(asked)
        if self._task is None:
            # It begins in the next turn of the loop, with all who ask in this one.
            self._task = loop.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = _taken(self._waiting)
                await self._rotate(batch)
        finally:
            self._task = None

    async def _rotate(self, batch: list[Asked]) -> None:
        try:
            found = await self._storage.write(store.rotate_all, batch)
        except BaseException as error:
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for asked in batch:
            if not asked.answer.done():  # somebody who went away
                asked.answer.set_result(found.get(asked.token.family_id))


def _taken(waiting: list[Asked]) -> tuple[list[Asked], list[Asked]]:
    """Return the next batch, in which no family comes twice, and those who have to wait."""
    batch: dict[str, Asked] = {}
    left: list[Asked] = []
    for asked in waiting:
        if len(batch) < LARGEST_BATCH and asked.token.family_id not in batch:
            batch[asked.token.family_id] = asked
        else:
            left.append(asked)
    # In one order everywhere, so that two processes do not wait for one another.
    return sorted(batch.values(), key=lambda asked: asked.token.family_id), left
