"""How to ask again and again until somebody has decided, and be welcome (RFC 8628 section 3.5).

One state for the device grant and the Stack-compatible CLI sign-in: the pace between two polls,
what slows it down, and when ``Prefer: wait`` (RFC 7240 section 4.3) replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from keyturn.protocol.errors import LoginExpired, ServerUnreachable
from keyturn.protocol.retry import backoff_seconds, is_temporary, retry_after_seconds
from keyturn.protocol.wire import Request, send
from keyturn.protocol.wire import pause as pause_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.protocol.wire import Reply, Steps

T = TypeVar("T")

MARGIN = 1.2  # Servers count the interval from their side of a slow network.
SLOW_DOWN_SECONDS = 5.0
LONGEST_HOLD_SECONDS = 30.0  # Proxies commonly cut what stays silent for a minute.
_GATEWAY = frozenset({502, 504, 408})


@dataclass(slots=True, kw_only=True)
class Pace:
    """How long to stay away between two polls.

    Attributes:
        interval_seconds: What the server asked for; slow_down raises it for good.
        hold_seconds: What to ask the server to hold an answer for; 0: do not ask.
        failures: How many polls in a row went unanswered.
    """

    interval_seconds: float
    hold_seconds: float = 0.0
    failures: int = 0

    def slow_down(self) -> None:
        """Stay away 5 s longer, from now on (RFC 8628 section 3.5)."""
        self.interval_seconds += SLOW_DOWN_SECONDS

    def before_first(self) -> float:
        """Return the pause before the first poll: none where the server holds it anyway."""
        return 0.0 if self.hold_seconds else self.interval_seconds * MARGIN

    def after(self, reply: Reply, *, asked_to_hold: float) -> float:
        """Return the pause after an undecided answer.

        Time for which an answer was held counts as stayed away. One that came early was not held,
        whatever the server announced, so the interval counts in full. Not every server that holds
        says so: the Stack-compatible API has no header for it.
        """
        self.failures = 0
        interval = self.interval_seconds * MARGIN
        if asked_to_hold and reply.elapsed_seconds >= asked_to_hold * 0.9:
            return max(0.0, interval - reply.elapsed_seconds)
        return interval

    def after_failure(self, reply: Reply | None) -> float:
        """Return the pause after a poll that got no answer, or one that means "later"."""
        self.failures += 1
        if reply is None or reply.status in _GATEWAY:
            # Something between us and the server does not like silence: ask the plain way.
            self.hold_seconds = 0.0
        asked = retry_after_seconds(reply) if reply is not None else None
        return max(asked or 0.0, backoff_seconds(self.failures, base=self.interval_seconds))


def poll_until_decided(
    request: Request,
    read: Callable[[Reply, Pace], T | None],
    *,
    pace: Pace,
    started_at: float,
    expires_in: float,
) -> Steps[T]:
    """Poll until ``read`` returns something, or the time is over.

    Args:
        request: One poll.
        read: Returns the outcome, ``None`` while nobody has decided, or raises.
        pace: Where it starts; changes on the way.
        started_at: The monotonic time of the answer that began the attempt.
        expires_in: How long the attempt lives from then on, in seconds.

    Raises:
        LoginExpired: nobody decided in time.
    """
    deadline = started_at + expires_in
    now, wait = started_at, pace.before_first()
    while True:
        now = yield from pause_for(min(wait, max(0.0, deadline - now)))
        if now >= deadline:
            raise LoginExpired
        hold = min(pace.hold_seconds, LONGEST_HOLD_SECONDS, deadline - now)
        try:
            reply = yield from send(_held(request, int(hold)))
        except ServerUnreachable:
            wait = pace.after_failure(None)
            continue
        now = reply.at
        if is_temporary(reply.status):
            wait = pace.after_failure(reply)
            continue
        outcome = read(reply, pace)
        if outcome is not None:
            return outcome
        wait = pace.after(reply, asked_to_hold=int(hold))


def _held(request: Request, seconds: int) -> Request:
    if seconds < 1:
        return request
    headers = {**request.headers, "Prefer": f"wait={seconds}"}
    return replace(request, headers=headers, hold_seconds=float(seconds))
