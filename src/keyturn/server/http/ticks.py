"""Deadlines of thousands, by the tenth of a second: one timer for all that fall into the same.

A timer of its own costs half a kilobyte and two calls into the event loop, and hardly any of these
deadlines is ever reached.
"""

from __future__ import annotations

import asyncio
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

H = TypeVar("H", bound="Hashable")

PER_SECOND = 10


class Ticks:
    """The deadlines of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._time, self._call_at = loop.time, loop.call_at
        self._due: dict[int, dict[Any, Callable[[Any], None]]] = {}

    def after(self, seconds: float) -> int:
        """Return the first tick that is not before so many seconds from now."""
        return ceil((self._time() + seconds) * PER_SECOND)

    def call(self, tick: int, who: H, what: Callable[[H], None]) -> None:
        """Call ``what(who)`` at a tick, unless it is forgotten before."""
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = {}
            self._call_at(tick / PER_SECOND, self._tell, tick)
        due[who] = what

    def forget(self, tick: int, who: Hashable) -> None:
        """Take back what was asked for, if it was."""
        due = self._due.get(tick)
        if due is not None:
            due.pop(who, None)

    def _tell(self, tick: int) -> None:
        for who, what in self._due.pop(tick, {}).items():
            what(who)
