"""Answering the moment something is decided, without polling (server promise S-40).

A waiting request costs memory and nothing else, and little of that: no statement runs until its
topic is woken, thousands share a timer, and whoever answers a request lets go of what it no longer
needs before it waits (``Later``). On
PostgreSQL a decision is announced to every process with its commit (server promise S-42). SQLite
cannot notify: its file tells when another process wrote, and then every waiter looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from keyturn.server.http.ticks import Ticks
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.storage.base import Storage

T = TypeVar("T")
A = TypeVar("A")

LONGEST_WAIT_SECONDS = 60
# How soon another process's decision is noticed where the database cannot notify.
WATCH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Later(Generic[A]):
    """An answer that has to wait: what to call for it, once every frame up to here has ended.

    A frame keeps all that it has looked at for as long as it is there. So a request that waits is
    handed back to the outermost of them, which goes on from here.
    """

    answer: Callable[[], Awaitable[A]]


class Hub:
    """Parks requests by topic. At most one waits for a topic: a newer one replaces it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._ticks: Ticks | None = None
        self._closed = False
        self._is_told = storage.subscribe(self._told)

    def __len__(self) -> int:
        return len(self._waiting)

    def wake(self, topic: str) -> None:
        """Let whoever waits for ``topic`` look again. Call it once the decision is durable."""
        waiting = self._waiting.get(topic)
        if waiting is not None and not waiting.done():
            waiting.set_result(True)

    async def wait(
        self, topic: str, *, seconds: float, check: Callable[[], Awaitable[T | None]]
    ) -> T | None:
        """Return what ``check`` gives as soon as that is not ``None``.

        Returns ``None`` at the deadline, when a newer wait for the topic takes this one's place,
        or at shutdown.
        """
        loop = asyncio.get_running_loop()
        ticks = self._ticks = self._ticks or Ticks(loop)
        tick = ticks.after(min(seconds, LONGEST_WAIT_SECONDS))
        self._dismiss(topic)
        while True:
            # Registered before looking, so a decision between the two still wakes us.
            parked = self._waiting[topic] = loop.create_future()
            try:
                found = await check()
                if found is not None or self._closed:
                    return found
                self._watch()
                ticks.call(tick, parked, _end)
                if not await parked:
                    return None
            finally:
                ticks.forget(tick, parked)
                if self._waiting.get(topic) is parked:
                    del self._waiting[topic]

    def close(self) -> None:
        """Answer everybody who waits: a held request must not hold up the shutdown."""
        self._closed = True
        for topic in list(self._waiting):
            self._dismiss(topic)
        if self._watcher is not None:
            self._watcher.cancel()

    def _dismiss(self, topic: str) -> None:
        waiting = self._waiting.pop(topic, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(False)

    def _told(self, topic: str | None) -> None:
        for waiting in [topic] if topic is not None else list(self._waiting):
            self.wake(waiting)

    def _watch(self) -> None:
        if self._is_told:
            return
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch_others())

    async def _watch_others(self) -> None:
        # The first value is unlike this one, so whoever waits looks once more after it: what was
        # written before it is found by that look, and what is written later changes the value.
        seen: object = self
        with suppress(asyncio.CancelledError):
            while self._waiting:
                with suppress(StorageUnavailable):  # nothing can be read now: look again later
                    now = await self._storage.changes()
                    if now != seen:
                        seen = now
                        for topic in list(self._waiting):
                            self.wake(topic)
                await asyncio.sleep(WATCH_SECONDS)


def _end(parked: asyncio.Future[bool]) -> None:
    if not parked.done():
        parked.set_result(False)
