"""What can be said of figures that were taken in turns on a machine that is never quiet. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def interval(values: Sequence[float], *, part: float = 0.5) -> tuple[float, float]:
    """Return a 95 % confidence interval of a quantile of sorted values, whatever their spread."""
    reach = 1.96 * math.sqrt(len(values) * part * (1 - part))
    middle = (len(values) - 1) * part
    first, last = math.floor(middle - reach), math.ceil(middle + reach)
    return values[max(0, first)], values[min(len(values) - 1, last)]


@dataclass(frozen=True)
class Ratio:
    """A figure, such as the median of the ratios of rounds, and where it lies in 95 of 100 runs."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{shown(self.middle)} ({shown(self.low)}-{shown(self.high)})"


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Return how many times ``below`` ``above`` is; both have one figure a round, in order."""
    values = sorted(a / b for a, b in zip(above, below, strict=True))
    return Ratio(statistics.median(values), *interval(values))


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a figure is held to.

    Attributes:
        at_least: Whether it is to be that or more; else that or less.
    """

    aim: float
    stretch: float | None = None
    at_least: bool = True

    def verdict(self, found: Ratio) -> str:
        """Return ``PASS``, ``PASS, stretch``, ``short``, or ``open`` where one run cannot tell.

        Short means beyond doubt: the whole interval lies on the wrong side.
        """
        if self.stretch is not None and self._holds(found.middle, self.stretch):
            return "PASS, stretch"
        if self._holds(found.middle, self.aim):
            return "PASS"
        best = found.high if self.at_least else found.low
        return "open" if self._holds(best, self.aim) else "short"

    def _holds(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return f"{sign} {shown(self.aim)}"


def shown(value: float) -> str:
    """Return a figure with about three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
