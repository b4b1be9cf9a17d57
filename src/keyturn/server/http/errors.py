"""Refusals that every face of the server knows; each face gives them its own shape."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.server.accounts.passwords import Overloaded
from keyturn.server.http.limits import TooMany
from keyturn.server.storage.base import StorageUnavailable

# A database that is back, or a hash that is done, is so within a second or two.
SHORT_BREAK_SECONDS = 1


@dataclass
class BodyTooLarge(Exception):
    """The body has more bytes than this place takes. Answer 413."""

    most: int


@dataclass
class BodyUnreadable(Exception):
    """The body is not what it says it is. ``reason`` quotes nothing of it. Answer 400."""

    reason: str


class BodyTooSlow(Exception):
    """The body did not arrive in time. Answer 408."""


@dataclass(frozen=True, slots=True)
class ComeBack:
    """An answer that means "later": 429 or 503, and the seconds of its Retry-After."""

    status: int
    seconds: int


def come_back(error: Exception, *, now: int) -> ComeBack | None:
    """Return how to put somebody off, or ``None`` if ``error`` is not of that kind.

    Args:
        error: What a service raised.
        now: Milliseconds since 1970.
    """
    if isinstance(error, TooMany):
        return ComeBack(429, max(1, -(-(error.until - now) // 1000)))
    if isinstance(error, StorageUnavailable | Overloaded):
        return ComeBack(503, SHORT_BREAK_SECONDS)
    return None
