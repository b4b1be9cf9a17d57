"""The clocks of the SDK; nothing else here reads one."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the SDK asks about time, and how it waits."""

    def now(self) -> float:
        """Return epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while, on this thread."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Do nothing for a while, on this event loop."""
        ...


class SystemClock:
    """This computer's clocks."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Do nothing for a while, on this thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Do nothing for a while, on this event loop."""
        await asyncio.sleep(seconds)
