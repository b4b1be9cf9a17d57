"""When to ask again: what a reply says about time, and how long to stay away after a failure."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from keyturn.protocol.jwt import finite_number

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply

# 408 Request Timeout, 425 Too Early, 429 Too Many Requests, 407 and 511: somebody on the way.
_TEMPORARY = frozenset({407, 408, 425, 429})

SKEW_WORTH_TELLING_SECONDS = 300.0


def is_temporary(status: int) -> bool:
    """Say whether the same request may simply work later: 429, any 5xx, and their kin."""
    return status in _TEMPORARY or status >= 500


def backoff_seconds(failures: int, *, base: float, cap: float = 60.0) -> float:
    """Return the pause after the ``failures``-th failure in a row: doubling (RFC 8628 section 3.5).

    Args:
        failures: 1 for the first.
        base: The usual interval in seconds.
        cap: Never longer than this.
    """
    return min(cap, base * 2.0 ** min(failures, 16))


def retry_after_seconds(reply: Reply) -> float | None:
    """Return what ``Retry-After`` asks for (RFC 9110 section 10.2.3), or ``None``.

    A date counts from the reply's own ``Date``, never from this computer's clock.
    """
    value = reply.headers.get("retry-after", "")
    seconds = finite_number(value)
    if seconds is not None:
        return seconds
    until, now = _http_date(value), stated_time(reply)
    return None if until is None or now is None else max(0.0, until - now)


def stated_time(reply: Reply) -> float | None:
    """Return the server's ``Date`` in epoch seconds (RFC 9110 section 6.6.1), or ``None``."""
    return _http_date(reply.headers.get("date", ""))


def clock_skew_seconds(reply: Reply, *, now: float) -> float | None:
    """Return how far this computer's clock is ahead of the server's; ``None``: no Date.

    Below SKEW_WORTH_TELLING_SECONDS nobody needs to hear of it: the server's ``expires_in`` counts.
    """
    server_now = stated_time(reply)
    return None if server_now is None else now - server_now


def _http_date(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, TypeError, OverflowError):
        return None
