"""Days, weeks, months and years after an instant. Pure."""

from __future__ import annotations

import calendar
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Literal

Unit = Literal["day", "week", "month", "year"]
Interval = tuple[int, Unit]


def after(since: int, interval: Interval, *, times: int) -> int:
    """Return the instant that lies so many intervals after ``since``, in milliseconds.

    Months and years keep the day, or the month's last one; so the 31st comes back after February.
    """
    count, unit = interval[0] * times, interval[1]
    if unit in ("day", "week"):
        return since + count * (7 if unit == "week" else 1) * 86_400_000
    start = datetime.fromtimestamp(since // 1000, UTC)
    months = start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    if year > MAXYEAR:
        return _LAST
    day = min(start.day, calendar.monthrange(year, month)[1])
    moved = start.replace(year=year, month=month, day=day)
    return (moved - _EPOCH) // timedelta(milliseconds=1) + since % 1000


_EPOCH = datetime.fromtimestamp(0, UTC)
_LAST = (datetime(MAXYEAR, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
