"""The only place of the client that reads a clock. On the hot path."""

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

now: "Callable[[], float]" = time.time
"""Epoch seconds."""

sleep: "Callable[[float], None]" = time.sleep
"""Do nothing for the seconds given."""

if hasattr(time, "CLOCK_BOOTTIME"):
    # A laptop that slept for an hour has used up an hour of its sign-in's ten minutes; on Linux
    # the plain monotonic clock stands still meanwhile.
    def monotonic() -> float:
        """Seconds that only ever grow, sleep of the computer included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def monotonic() -> float:
        """Seconds that only ever grow, sleep of the computer included."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:
    monotonic = time.monotonic
