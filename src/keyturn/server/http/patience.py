"""How long a connection may dawdle: over a head, between two requests, over reading its answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.server.http.ticks import Ticks


class Patient(asyncio.Protocol):
    """The time limits of one connection.

    Attributes:
        head_seconds: How long the headers of a request may take to arrive.
        unread_seconds: How long a client may read nothing of what waits for it, the last answer
            included.
        must_wait: Whether the client reads too slowly for more to be written.
    """

    head_seconds: float = 15.0
    unread_seconds: float = 30.0

    __slots__ = (
        "_deadline",
        "_drained",
        "_is_idle",
        "_tick",
        "_ticks",
        "_unread_timer",
        "loop",
        "must_wait",
        "transport",
    )

    loop: asyncio.AbstractEventLoop
    must_wait: bool
    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, ticks: Ticks) -> None:
        self.loop, self._ticks = loop, ticks
        self._deadline, self._tick, self._is_idle = 0.0, 0, False
        self._unread_timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None
        self.must_wait = False

    async def drained(self) -> None:
        """Wait until the client has read enough for more to be written."""
        if self._drained is None:
            self._drained = self.loop.create_future()
        await asyncio.shield(self._drained)

    def pause_writing(self) -> None:
        """Give a client that does not read a while, then hang up."""
        self.must_wait = True
        self.give_up_later()

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._read_again()
        self._writable()

    def wait_for_a_request(self, seconds: float) -> None:
        """Keep a connection so long that nobody uses."""
        self._is_idle = True
        self._end_at(seconds)

    def wait_for_head(self) -> None:
        """Let the head of a request take only so long, however its bytes trickle."""
        if self._is_idle or not self._deadline:
            self._is_idle = False
            self._end_at(self.head_seconds)

    def stop_waiting(self) -> None:
        """Let it take as long as it takes: the application has its own deadlines."""
        self._deadline, self._is_idle = 0.0, False

    def _end_at(self, seconds: float) -> None:
        """End the connection in so many seconds, unless ``stop_waiting`` is called before.

        Asking for a call costs more than looking at the time, so one serves many requests.
        """
        self._deadline, tick = self.loop.time() + seconds, self._ticks.after(seconds)
        if not self._tick or tick < self._tick:
            self._ticks.forget(self._tick, self)
            self._tick = tick
            self._ticks.call(tick, self, Patient._look)

    def _look(self) -> None:
        self._tick = 0
        if not self._deadline or self.transport.is_closing():
            return
        if (left := self._deadline - self.loop.time()) > 0:
            self._end_at(left)
        elif self._is_idle:
            self.transport.close()
            self.give_up_later()
        else:
            self.transport.abort()

    def forget_timers(self) -> None:
        """Wait for nothing any more: the connection is gone."""
        self.stop_waiting()
        self._read_again()
        self._writable()
        self._ticks.forget(self._tick, self)

    def _writable(self) -> None:
        self.must_wait = False
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def give_up_later(self) -> None:
        """Hang up unless the client reads what waits for it."""
        # Closing waits until everything is written, and thus for the client's pleasure.
        self._read_again()
        self._unread_timer = self.loop.call_later(
            self.unread_seconds, self._give_up, self.transport.get_write_buffer_size()
        )

    def _give_up(self, unread: int) -> None:
        if 0 < self.transport.get_write_buffer_size() < unread:
            self.give_up_later()  # slowly, but it reads
        else:
            self.transport.abort()

    def _read_again(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
