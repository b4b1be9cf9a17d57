"""Is this process fit to be sent requests? It is while it can write, and until it is told to stop.

Probes come from anybody, so they share one look a second, however many ask.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from keyturn.server.storage.base import StorageUnavailable, run

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage

Reason = Literal["draining", "database", "database-slow"]

WRITE_SECONDS = 2.0
LOOK_EVERY_SECONDS = 1.0


class Readiness:
    """Answers for one process and its opened, migrated database."""

    def __init__(
        self, storage: Storage, clock: Clock, *, write_seconds: float = WRITE_SECONDS
    ) -> None:
        self._storage, self._clock, self._seconds = storage, clock, write_seconds
        self._draining = False
        self._looking: asyncio.Task[Reason | None] | None = None
        self._looked_at = 0.0

    def drain(self) -> None:
        """Be not ready from now on, whatever the database says."""
        self._draining = True

    async def reason(self) -> Reason | None:
        """Say why requests had better go elsewhere; ``None``: they are welcome. Bounded in time."""
        if self._draining:
            return "draining"
        now = asyncio.get_running_loop().time()
        if self._looking is None or (
            self._looking.done() and now - self._looked_at >= LOOK_EVERY_SECONDS
        ):
            self._looked_at = now
            self._looking = asyncio.create_task(self._look())
        found = await asyncio.shield(self._looking)
        # It may have been told to stop while it looked.
        return "draining" if self._draining else found

    async def _look(self) -> Reason | None:
        """Write one small row, as every sign-in would."""
        at = str(self._clock.now_ms())
        try:
            async with asyncio.timeout(self._seconds):
                await self._storage.write(run, "save_server_meta", name="ready_at", value=at)
        except TimeoutError:
            return "database-slow"
        except StorageUnavailable:
            return "database"
        return None
