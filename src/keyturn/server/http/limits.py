"""Limits that their subject cannot reset.

Counters live in storage, so that neither a restart nor another process forgets them, and they are
keyed by what the server knows (account, address), never by what the caller writes. A try is
counted before it is judged; a good one is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.storage.base import Work, first, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` tries under ``name`` within ``seconds``."""

    name: str
    most: int
    seconds: int


@dataclass(eq=False)
class TooMany(Exception):
    """A limit was reached; ``until`` (ms since 1970) is when trying is possible again."""

    until: int


class Limits:
    """Counts tries against limits, all or nothing, before they are judged."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def take(self, limits: Sequence[Limit]) -> None:
        """Count one try under each limit. Raises TooMany; then nothing was counted."""
        await self._storage.write(take, limits, self._clock.now_ms())

    async def give_back(self, limits: Sequence[Limit]) -> None:
        """Uncount a try that turned out to be good."""
        await self._storage.write(give_back, limits)


def take(limits: Sequence[Limit], now: int) -> Work[None]:
    """Count one try under each limit inside another transaction. Raises TooMany."""
    for limit in limits:
        row = yield from first(
            "count_attempt", name=limit.name, now=now, window_ends_at=now + limit.seconds * 1000
        )
        if row is not None and row["used"] > limit.most:
            raise TooMany(row["window_ends_at"])


def give_back(limits: Sequence[Limit]) -> Work[None]:
    """Uncount a try inside another transaction."""
    for limit in limits:
        yield from run("uncount_attempt", name=limit.name)
