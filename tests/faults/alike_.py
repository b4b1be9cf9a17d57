"""Whether two kinds of question take equally long to answer: an effect, its interval, no verdict.

The two are asked in pairs, one right after the other and in an order drawn by lot, so that whatever
else a machine does weighs on both. Looked at is the median of the differences within pairs, with an
interval from order statistics: it assumes nothing about how times are distributed, and neither the
long tail of a busy machine nor its drift moves it.
"""

from __future__ import annotations

import gc
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Two-sided, 99.9 %: several comparisons are made in one run.
_DEVIATIONS = 3.29


@dataclass(frozen=True)
class Difference:
    """How much longer the first kind takes; seconds, with an interval of 99.9 %.

    ``slower`` is the share of pairs in which the first kind took longer: 0.5 where nothing tells.
    """

    pairs: int
    typical: float
    median: float
    low: float
    high: float
    slower: float
    slower_margin: float

    def lies_beyond(self, bound: float) -> bool:
        """Say whether the whole interval lies further from nothing than ``bound`` seconds."""
        return self.low > bound or self.high < -bound

    def __str__(self) -> str:
        """Return the figures as a sentence."""
        return (
            f"{self.pairs} pairs, {self.typical * 1e3:.3f} ms each: differ by "
            f"{self.median * 1e6:+.1f} us [{self.low * 1e6:+.1f}, {self.high * 1e6:+.1f}], slower "
            f"in {self.slower * 100:.1f} % +- {self.slower_margin * 100:.1f} of the pairs"
        )


def difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Compare times that were taken in pairs."""
    within = sorted(a - b for a, b in zip(first, second, strict=True))
    count = len(within)
    reach = math.ceil(_DEVIATIONS * math.sqrt(count) / 2)
    middle = count // 2
    slower = sum(d > 0 for d in within) / count
    return Difference(
        pairs=count,
        typical=statistics.median([*first, *second]),
        median=statistics.median(within),
        low=within[max(0, middle - reach)],
        high=within[min(count - 1, middle + reach)],
        slower=slower,
        slower_margin=_DEVIATIONS * math.sqrt(0.25 / count),
    )


def timed_in_pairs(
    pair: Callable[[], tuple[Callable[[], None], Callable[[], None]]],
    *,
    pairs: int,
    lot: random.Random,
) -> Difference:
    """Time both calls of so many pairs; ``pair`` prepares two calls, which is not timed."""
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    try:
        for number in range(pairs):
            calls = pair()
            for kind in lot.sample((0, 1), 2):
                began = time.perf_counter()
                calls[kind]()
                times[kind].append(time.perf_counter() - began)
            if number % 500 == 0:
                gc.collect()
    finally:
        gc.enable()
    return difference(*times)
