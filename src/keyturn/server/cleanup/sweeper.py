"""Removes what has ended: finished and expired attempts, used tokens, old limits and sessions.

Sweeping runs beside the requests, a bounded part at a time, so that it never holds the writer for
long. Ended sessions stay listed for a while, since owners and operators ask about them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from keyturn.server.storage.base import StorageUnavailable, Work, every

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage

log: logging.Logger = logging.getLogger("keyturn.cleanup")

SWEEP_SECONDS = 60
AT_ONCE = 500
# A client that comes back late is still told why: expired, used, already decided.
KEPT_AFTER_END_MS = 24 * 3600 * 1000
SESSIONS_KEPT_MS = 30 * 24 * 3600 * 1000
# Long enough to look back from a theft to what came before it.
REFRESHES_KEPT_MS = 7 * 24 * 3600 * 1000
# Longer than the longest window in which deliveries are counted.
MAILS_KEPT_MS = 35 * 24 * 3600 * 1000
# The quantities stay; what goes is who changed them when, and which requests would be repeats.
ITEM_CHANGES_KEPT_MS = 400 * 24 * 3600 * 1000

_STATEMENTS = (
    "sweep_authorization_codes",
    "sweep_device_authorizations",
    "sweep_cli_login_attempts",
    "sweep_approvals",
    "sweep_mail_links",
    "sweep_one_time_codes",
    "sweep_limits",
    "sweep_unused_clients",
)


class Sweeper:
    """Sweeps once a minute until it is stopped."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep in the background."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Stop; a sweep in progress is left as far as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def sweep(self) -> int:
        """Remove everything that has ended; return how many rows went."""
        now, removed = self._clock.now_ms(), 0
        for statement in _STATEMENTS:
            removed += await self._emptied(statement, now - KEPT_AFTER_END_MS)
        removed += await self._emptied("sweep_refresh_events", now - REFRESHES_KEPT_MS)
        for statement in ("sweep_mail_deliveries", "sweep_outgoing_mails"):
            removed += await self._emptied(statement, now - MAILS_KEPT_MS)
        removed += await self._emptied("sweep_item_changes", now - ITEM_CHANGES_KEPT_MS)
        return removed + await self._emptied("sweep_sessions", now - SESSIONS_KEPT_MS)

    async def _emptied(self, statement: str, before: int) -> int:
        removed = 0
        while True:
            count = await self._storage.write(_sweep, statement, before)
            removed += count
            if count < AT_ONCE:
                return removed

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except StorageUnavailable as error:
                log.warning("nothing could be swept: %s", error)


def _sweep(statement: str, before: int) -> Work[int]:
    return len((yield from every(statement, before=before, most=AT_ONCE)))
