"""What one connection may cost before and besides its requests (threat T-11).

uvicorn parses strictly, but it keeps whatever arrives and waits for as long as it takes. A client
that never finishes its headers, sends them without end or never reads its answers is given up here,
so that it costs a bounded amount of memory for a bounded time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
# What a transport hands over at once at most; only so much is counted late.
LARGEST_READ = 256 * 1024
MOST_PIPELINED = 32


def allow_many_connections() -> None:
    """Use as many files as the system allows this process: each sign-in that waits holds one."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class HeadTooLarge(Exception):
    """The request line and headers are larger than 64 KiB. Answered with 431."""


class TooManyAtOnce(Exception):
    """More than 32 requests were sent ahead of their answers. The connection is cut."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounds on headers, on pipelining and on waiting.

    Attributes:
        head_seconds: How long the headers of a request may take to arrive.
        unread_seconds: How long a client may read nothing of what waits for it, the last answer
            included.
    """

    head_seconds: float = 15.0
    unread_seconds: float = 30.0

    _head_size = 0
    _arrived = 0
    _in_head = False
    _in_body = False
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first headers."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._stop_waiting_for_head()
        self._read_again()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; wait only so long for the rest of a head."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            # One header without end reaches no callback, so what arrives is counted as well.
            self._arrived += len(data)
            if self._arrived > LARGEST_HEAD + LARGEST_READ:
                self._head_size = self._arrived
                self.send_400_response("")
                return
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """Count a head from its beginning."""
        super().on_message_begin()
        self._in_head, self._head_size, self._arrived = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Count the request target. Raises HeadTooLarge."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count one header. Raises HeadTooLarge."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait no more: from here on the application has its own deadlines.

        Raises TooManyAtOnce.
        """
        self._in_head, self._in_body = False, True
        self._stop_waiting_for_head()
        if len(self.pipeline) >= MOST_PIPELINED:
            raise TooManyAtOnce
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note the end of a request; what comes now is another one."""
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what is pipelined, or see to it that the connection ends."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._give_up_later()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was not used again."""
        super().timeout_keep_alive_handler()
        self._give_up_later()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed with 400, and what is too large to be with 431."""
        waiting = self.cycle is not None and not self.cycle.response_complete
        if waiting and (self.pipeline or not self._in_body):
            # Answers are owed for requests before this one; a refusal would be taken for the first.
            self.transport.abort()
            return
        if self._head_size <= LARGEST_HEAD:
            super().send_400_response(msg)
        else:
            self.transport.write(
                STATUS_LINE[431] + b"content-length: 0\r\ncache-control: no-store\r\n"
                b"connection: close\r\n\r\n"
            )
            self.transport.close()
        self._give_up_later()

    def pause_writing(self) -> None:
        """Give a client that does not read a while, then hang up."""
        super().pause_writing()
        self._give_up_later()

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._read_again()
        super().resume_writing()

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > LARGEST_HEAD:
            raise HeadTooLarge

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_waiting_for_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up_later(self) -> None:
        # Closing waits until everything is written, and thus for the client's pleasure.
        self._read_again()
        self._unread_timer = self.loop.call_later(
            self.unread_seconds, self._give_up, self.transport.get_write_buffer_size()
        )

    def _give_up(self, unread: int) -> None:
        if 0 < self.transport.get_write_buffer_size() < unread:
            self._give_up_later()  # slowly, but it reads
        else:
            self.transport.abort()

    def _read_again(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
