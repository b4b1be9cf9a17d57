"""Says times in words. Every function gets ``now``; clock times are UTC and say so.

All datetimes are aware. Days are days of UTC: without script a page cannot know the reader's zone,
and ``<time datetime>`` carries the exact instant for whoever needs it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

# Spelled out here, since strftime would follow the operator's locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ``moment`` is past: "40 seconds ago", "yesterday", "12 November"."""
    seconds = int((now - moment).total_seconds())
    if seconds < 1:
        return "just now"
    if seconds < 12 * _HOUR:
        return f"{_length(seconds)} ago"
    if _date(moment) == _date(now):
        return f"{_length(seconds)} ago"
    days = (_date(now) - _date(moment)).days
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days <= 60 else day(moment, now)


def until(moment: datetime, now: datetime) -> str:
    """Return how far off ``moment`` is, rounded down: "in 9 minutes"; "now" once it is past."""
    seconds = int((moment - now).total_seconds())
    return f"in {_length(seconds)}" if seconds >= 1 else "now"


def wait(moment: datetime, now: datetime) -> str:
    """Return the time left to ``moment``, rounded up: who waits this long never comes too early."""
    seconds = max(1, ceil((moment - now).total_seconds()))
    for size in (_MINUTE, _HOUR, _DAY):
        if seconds > size:
            seconds = ceil(seconds / size) * size
    return _length(seconds)


def day(moment: datetime, now: datetime) -> str:
    """Return a day as people say it: "today", "yesterday", "12 November", "3 March 2024"."""
    date = _date(moment)
    if date == _date(now):
        return "today"
    if date == _date(now) - timedelta(days=1):
        return "yesterday"
    return _day_and_month(date) + (f" {date.year}" if date.year != _date(now).year else "")


def end_day(moment: datetime, now: datetime) -> str:
    """Return the day something ends on: "today", "tomorrow", "on 26 November"."""
    date = _date(moment)
    if date == _date(now) + timedelta(days=1):
        return "tomorrow"
    said = day(moment, now)
    return said if said in ("today", "yesterday") else f"on {said}"


def clock(moment: datetime, now: datetime) -> str:
    """Return a time of day: "13:10 UTC", and the date with it where that is not today's."""
    time = f"{moment.astimezone(UTC):%H:%M} UTC"
    same_day = _date(moment) == _date(now)
    return time if same_day else f"{time} on {_day_and_month(_date(moment))}"


def due(moment: datetime, now: datetime) -> str:
    """Return the clock time from which on ``moment`` is past, to the minute, rounded up."""
    return clock(moment + timedelta(seconds=-moment.second % _MINUTE), now)


def stamp(moment: datetime) -> str:
    """Return date and time in full, to the second: what goes into a report to the operator."""
    utc = moment.astimezone(UTC)
    return f"{_day_and_month(utc)} {utc.year}, {utc:%H:%M:%S} UTC"


def machine(moment: datetime) -> str:
    """Return ``moment`` as the ``datetime`` attribute of ``<time>`` takes it (HTML 4.5.14)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _length(seconds: int) -> str:
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" + ("s" if count != 1 else "")
    return "0 seconds"


def _date(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_and_month(date: datetime) -> str:
    return f"{date.day} {_MONTHS[date.month - 1]}"
