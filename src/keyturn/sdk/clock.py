"""The clocks of the SDK; nothing else here reads one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the SDK asks about time."""

    def now(self) -> float:
        """Return epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...


class SystemClock:
    """This computer's clocks."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()
