"""What one connection may cost before and besides its requests (threat T-11).

llhttp parses strictly, but somebody has to say how much it may be fed and how long that may take. A
client that never finishes its headers, sends them without end or never reads its answers is given
up here, so that it costs a bounded amount of memory for a bounded time. An honest one that waits
for a decision costs as little as can be: no timer, no buffer, two small objects and its parser.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from keyturn.server.http.exchange import Exchange
from keyturn.server.http.patience import Patient
from keyturn.server.http.ticks import Ticks

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn.config import Config
    from uvicorn.server import ServerState

log: logging.Logger = logging.getLogger("uvicorn.error")

LARGEST_HEAD = 64 * 1024
# What a transport hands over at once at most; only so much is counted late.
LARGEST_READ = 256 * 1024
# Of a body that nobody reads yet.
MOST_UNREAD = 64 * 1024
MOST_PIPELINED = 32
_ASGI = {"version": "3.0", "spec_version": "2.3"}
# All connections of one server share theirs.
_ticks: WeakKeyDictionary[ServerState, Ticks] = WeakKeyDictionary()


class HeadTooLarge(Exception):
    """The request line and headers are larger than 64 KiB. Answered with 431."""


class TooManyAtOnce(Exception):
    """More than 32 requests were sent ahead of their answers. The connection is cut."""


class BoundedProtocol(Patient):
    """HTTP/1.1 for uvicorn's server, with bounds on headers, on pipelining and on waiting.

    Attributes:
        state: What uvicorn's server knows of its connections and tasks.
    """

    __slots__ = (
        "_app_state",
        "_arrived",
        "_client",
        "_config",
        "_head_size",
        "_headers",
        "_in_body",
        "_in_head",
        "_is_paused",
        "_newest",
        "_parser",
        "_queue",
        "_running",
        "_scheme",
        "_server",
        "_url",
        "_wants_continue",
        "state",
    )

    state: ServerState

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self._config, self.state, self._app_state = config, server_state, app_state
        loop = _loop or asyncio.get_event_loop()
        super().__init__(loop, _ticks.setdefault(server_state, Ticks(loop)))
        self._parser: httptools.HttpRequestParser | None = None
        self._url, self._headers = b"", list[tuple[bytes, bytes]]()
        self._head_size = self._arrived = 0
        self._in_head = self._in_body = self._wants_continue = False
        self._newest: Exchange | None = None  # being received, or received last
        self._running: Exchange | None = None  # being answered
        self._queue: list[Exchange] | None = None  # received, and not yet being answered
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first headers."""
        self.transport = transport  # type: ignore[assignment]
        self.state.connections.add(self)  # type: ignore[arg-type]
        self._server, self._client = get_local_addr(self.transport), get_remote_addr(self.transport)
        self._scheme = "https" if is_ssl(self.transport) else "http"
        self.wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever is answering, and forget what was waited for."""
        self.state.connections.discard(self)
        queued, self._queue = self._queue or [], None
        for exchange in {self._running, self._newest, *queued}:
            if exchange is not None:
                exchange.disconnected()
        self.forget_timers()
        self._parser = None  # it holds this object as well

    def data_received(self, data: bytes) -> None:
        """Feed the parser; wait only so long for the rest of a head."""
        if self._parser is None:
            self._parser = self._new_parser()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing is ever upgraded here; it was answered as if it had not been asked
        except httptools.HttpParserError:
            log.warning("Invalid HTTP request received.")
            self._refuse()
            return
        if self.transport.is_closing():
            return
        if self._in_head:
            # One header without end reaches no callback, so what arrives is counted as well.
            self._arrived += len(data)
            if self._arrived > LARGEST_HEAD + LARGEST_READ:
                self._head_size = self._arrived
                self._refuse()
                return
        if self._newest is None or self._newest.is_complete:
            self.wait_for_head()

    def on_message_begin(self) -> None:
        """Count a head from its beginning."""
        self._url, self._headers, self._wants_continue = b"", [], False
        self._in_head, self._head_size, self._arrived = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target. Raises HeadTooLarge."""
        self._count(len(url))
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header. Raises HeadTooLarge."""
        self._count(len(name) + len(value) + 4)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._wants_continue = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer, or queue up behind what is being answered.

        Raises TooManyAtOnce.
        """
        self._in_head, self._in_body = False, True
        self.stop_waiting()
        if self._queue is not None and len(self._queue) >= MOST_PIPELINED:
            raise TooManyAtOnce
        parser = self._parser
        assert parser is not None  # noqa: S101 - it is calling this
        version = parser.get_http_version()
        scope = self._scope(version, parser.get_method().decode("ascii"))
        kept = version != "1.0" and parser.should_keep_alive()
        previous, exchange = self._newest, Exchange(self, scope, keep_alive=kept)
        exchange.wants_continue = self._wants_continue
        self._newest = exchange
        if previous is None or previous.is_complete:
            self._begin(exchange)
        else:
            self._pause()
            self._queue = self._queue or []
            self._queue.append(exchange)

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body on; listen to no more than somebody reads."""
        exchange = self._newest
        if exchange is None or exchange.is_complete:
            return
        if exchange.arrived(body) > MOST_UNREAD:
            self._pause()

    def on_message_complete(self) -> None:
        """Note the end of a request; what comes now is another one."""
        self._in_body = False
        if self._newest is not None and not self._newest.is_complete:
            self._newest.received()

    def answered(self, exchange: Exchange) -> None:
        """Go on with what is pipelined, or see to it that the connection ends."""
        self.state.total_requests += 1
        if not exchange.keep_alive:
            self.transport.close()
        if self.transport.is_closing():
            self.give_up_later()
            return
        self.read_on()
        if self._queue:
            self._begin(self._queue.pop(0))
        elif not self._in_head:
            self.wait_for_a_request(self._config.timeout_keep_alive)
        else:
            self.wait_for_head()

    def ended(self, exchange: Exchange) -> None:
        """Forget a task that has ended."""
        if exchange.task is not None:
            self.state.tasks.discard(exchange.task)

    def rest(self) -> None:
        """Let go of what only the next request needs, while this one waits for somebody.

        A program that waits sends nothing; should it do so, a new parser begins.
        """
        newest = self._newest
        if (
            newest is self._running
            and newest is not None
            and newest.keep_alive
            and not self._in_body
            and not self._in_head
        ):
            self._parser = None
            self._headers.clear()
            self._url = b""

    def read_on(self) -> None:
        """Listen to the client again."""
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def shutdown(self) -> None:
        """End the connection once nothing is owed to its client."""
        if self._newest is None or self._newest.is_complete:
            self.transport.close()
        else:
            self._newest.keep_alive = False

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # What follows a request that asked to close is ignored, as its sender expects.
        with suppress(AttributeError):
            parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _begin(self, exchange: Exchange) -> None:
        self._running = exchange
        self.state.tasks.add(exchange.begin(self._config.loaded_app))

    def _scope(self, version: str, method: str) -> Scope:
        target = httptools.parse_url(self._url)
        path = target.path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": method,
            "scheme": self._scheme,
            "path": unquote(path) if "%" in path else path,
            "raw_path": target.path,
            "query_string": target.query or b"",
            "root_path": "",
            "headers": self._headers,
            "client": self._client,
            "server": self._server,
            "state": self._app_state.copy(),
        }

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > LARGEST_HEAD:
            raise HeadTooLarge

    def _pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def _refuse(self) -> None:
        """Refuse what cannot be parsed with 400, and what is too large to be with 431."""
        waiting = self._newest is not None and not self._newest.is_complete
        if waiting and (self._queue or not self._in_body):
            # Answers are owed for requests before this one; a refusal would be taken for the first.
            self.transport.abort()
            return
        status = 400 if self._head_size <= LARGEST_HEAD else 431
        self.transport.write(
            STATUS_LINE[status] + b"content-length: 0\r\ncache-control: no-store\r\n"
            b"connection: close\r\n\r\n"
        )
        self.transport.close()
        self.give_up_later()
