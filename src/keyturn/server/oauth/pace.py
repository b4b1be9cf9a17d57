"""How fast a device code is polled (RFC 8628 section 3.5): remembered at once, written in bulk.

Most polls come at their pace and find nothing decided. To keep each of them durably before it is
answered would cost more than the answer. So a process remembers when a code was polled and writes
that down a moment later, many at once, for the other processes to read; what a crash takes of it is
one free poll. A pace that was made slower is durable before the program hears of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from keyturn.server.oauth import store
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Row, Storage

# How long another process may not know of a poll; far less than any interval.
WRITTEN_AFTER_SECONDS = 0.2
# Whoever waits for the writer waits for at most so many.
LARGEST_BATCH = 256


class Paces:
    """When each device code was polled last, as this process and the database know it."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._polled: dict[str, int] = {}
        # Kept until the next are written: a row may have been read just before these were.
        self._written: dict[str, int] = {}
        self._due_in: asyncio.AbstractEventLoop | None = None
        self._writing: set[asyncio.Task[None]] = set()  # the event loop alone keeps none alive

    async def keeps(self, row: Row) -> bool:
        """Note a poll; false where it came too early and the interval is five seconds longer now.

        Args:
            row: Of the code, as read for this poll.

        Raises:
            StorageUnavailable: it came too early, and that could not be kept.
        """
        code, now = row["id"], self._clock.now_ms()
        known = (self._polled.get(code), self._written.get(code), row["last_polled_at"])
        latest = max((at for at in known if at is not None), default=None)
        self._polled[code] = now
        if latest is not None and now - latest < row["interval_seconds"] * 1000:
            await self._storage.write(store.slow_device_down, code, now=now)
            return False
        self._write_soon()
        return True

    def _write_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if self._due_in is not loop:
            self._due_in = loop
            loop.call_later(WRITTEN_AFTER_SECONDS, self._write, loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._due_in is loop:
            self._due_in = None
            self._written, self._polled = self._polled, {}
            writing = loop.create_task(self._write_all(list(self._written.items())))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def _write_all(self, polls: list[tuple[str, int]]) -> None:
        for begun in range(0, len(polls), LARGEST_BATCH):
            try:
                await self._storage.write(
                    store.note_device_polls, sorted(polls[begun : begun + LARGEST_BATCH])
                )
            except StorageUnavailable:
                return  # this process remembers; others allow a poll too many
