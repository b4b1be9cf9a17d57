"""One request on a connection and its answer, as ASGI has it (HTTP specification, version 2.3).

It is small, because ten thousand of them may wait at once, and quick, because every request pays
for it: head and body leave in one write, and the headers are looked through once.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope

    from keyturn.server.http.connection import BoundedProtocol

log: logging.Logger = logging.getLogger("uvicorn.error")

_CONTROLS = bytes({*range(32), 127} - {9})
_DISCONNECTED: Message = {"type": "http.disconnect"}
_FAILED = b"Internal Server Error"


class Exchange:
    """A request that is being received and answered.

    Attributes:
        is_complete: Whether the answer has been given.
        is_disconnected: Whether the client has gone away.
        is_received: Whether the request is there to its end.
        keep_alive: Whether the connection stays open afterwards.
        wants_continue: Whether the client waits for "100 Continue" before it sends the body.
    """

    __slots__ = (
        "_body",
        "_chunked",
        "_connection",
        "_has_news",
        "_head",
        "_left",
        "_scope",
        "_started",
        "_waiting",
        "is_complete",
        "is_disconnected",
        "is_received",
        "keep_alive",
        "task",
        "wants_continue",
    )

    is_complete: bool
    is_disconnected: bool
    is_received: bool
    keep_alive: bool
    wants_continue: bool

    def __init__(self, connection: BoundedProtocol, scope: Scope, *, keep_alive: bool) -> None:
        self._connection, self._scope = connection, scope
        self._body, self.is_received, self._has_news = b"", False, False
        self._head: bytes | None = None
        self._started, self._chunked, self._left = False, False, 0
        self._waiting: list[asyncio.Future[None]] | None = None
        self.keep_alive, self.wants_continue = keep_alive, False
        self.is_complete = self.is_disconnected = False
        self.task: asyncio.Task[None] | None = None

    def begin(self, app: ASGIApp) -> asyncio.Task[None]:
        """Let the app answer."""
        # All named alike: a number for each would be a string for each that waits.
        self.task = self._connection.loop.create_task(self._run(app), name="request")
        return self.task

    def arrived(self, body: bytes) -> int:
        """Take a part of the body; return how much of it nobody has read yet. Bytes."""
        self._body += body
        self._wake()
        return len(self._body)

    def received(self) -> None:
        """Note the end of the body."""
        self.is_received = True
        self._wake()

    def disconnected(self) -> None:
        """Note that nobody is there any more."""
        if not self.is_complete:
            self.is_disconnected = True
        self._wake()

    async def receive(self) -> Message:
        """Return the next part of the body; once there is none, wait for the client to go."""
        connection = self._connection
        if self.wants_continue and not connection.transport.is_closing():
            self.wants_continue = False
            connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.is_disconnected and not self.is_complete:
            connection.read_on()
            while not self._has_news:
                await self._news()
            self._has_news = False
        if self.is_disconnected or self.is_complete:
            return _DISCONNECTED
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": not self.is_received}

    async def send(self, message: Message) -> None:
        """Take the head of the answer, then its body in one or more parts."""
        if self._connection.must_wait and not self.is_disconnected:
            await self._connection.drained()
        if self.is_disconnected:
            return
        if not self._started:
            if message["type"] != "http.response.start":
                raise RuntimeError(f"expected the head of an answer, not {message['type']!r}")
            self._head, self._started = self._head_of(message), True
        elif message["type"] != "http.response.body" or self.is_complete:
            raise RuntimeError(f"nothing more can be sent: {message['type']!r}")
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def rest(self) -> None:
        """Let go of what only the next request on this connection needs."""
        self._connection.rest()

    async def _run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self.receive, self.send)
        except BaseException as error:
            log.error("Exception in ASGI application\n", exc_info=error)
            self._fail()
        else:
            if not self.is_complete and not self.is_disconnected:
                log.error("ASGI callable returned without completing response.")
                self._fail()
        finally:
            self._connection.ended(self)

    def _fail(self) -> None:
        connection = self._connection
        if self.is_complete or self.is_disconnected:
            return
        if self._started and self._head is None:
            connection.transport.close()
            return
        self._head, self._started, self.keep_alive = None, True, False
        length = str(len(_FAILED)).encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
        self._head = self._head_of({"status": 500, "headers": headers})
        self._send_body(_FAILED, more=False)

    def _head_of(self, message: Any) -> bytes:
        status, length, closes = message["status"], None, False
        self._chunked, self._left = False, 0
        lines = [STATUS_LINE[status][:-2]]
        default = self._connection.state.default_headers
        for spelled, value in (*default, *message.get("headers", ())):
            name = spelled.lower()
            if name == b"content-length":
                length = self._left = int(value)
            elif name == b"transfer-encoding":
                self._chunked = value.lower() == b"chunked"
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive, closes = False, True
            lines.append(name + b": " + value)
        if not self.keep_alive and not closes:
            lines.append(b"connection: close")
        bodiless = self._scope["method"] == "HEAD" or status in (204, 304)
        if length is None and not self._chunked and not bodiless:
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        head = b"\r\n".join((*lines, b"", b""))
        # One look at the whole: a line break inside a name or value would be one too many.
        if len(head) - len(head.translate(None, _CONTROLS)) != 2 * (len(lines) + 1):
            raise RuntimeError("a header holds a control character")
        return head

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._scope["method"] == "HEAD":
            body, self._left = b"", 0
        elif self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = chunk if more else chunk + b"0\r\n\r\n"
        elif len(body) > self._left or (not more and len(body) < self._left):
            raise RuntimeError("the body is not as long as its content-length says")
        else:
            self._left -= len(body)
        head, self._head = self._head, None
        if head or body:
            self._connection.transport.write(head + body if head else body)
        if not more:
            self.is_complete = True
            self._wake()
            self._connection.answered(self)

    def _news(self) -> asyncio.Future[None]:
        waiting = self._connection.loop.create_future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(waiting)
        return waiting

    def _wake(self) -> None:
        self._has_news = True
        waiting, self._waiting = self._waiting, None
        for one in waiting or ():
            if not one.done():
                one.set_result(None)


def rest(receive: Receive) -> None:
    """Make a request small that is going to wait for somebody, where this server has it."""
    exchange = getattr(receive, "__self__", None)
    if isinstance(exchange, Exchange):
        exchange.rest()


def has_arrived(receive: Receive) -> bool:
    """Say whether a request is known to be there to its end, so that reading it takes no time."""
    exchange = getattr(receive, "__self__", None)
    return isinstance(exchange, Exchange) and exchange.is_received
