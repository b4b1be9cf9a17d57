"""The clocks of the client. ``now`` lives with the hot path; nothing else reads a clock."""

import sys
import time

from keyturn.client import now as hot_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

now: "Callable[[], float]" = hot_now
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
