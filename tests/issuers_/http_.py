"""A real HTTP server that answers as a test tells it to, and a socket that talks as it likes.

Both speak TLS where they are given a certificate.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.issuers_.certificates_ import Certificate


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One response to send.

    Attributes:
        raw: Every byte to send instead of the rest, after which the connection is closed.
        drip_seconds: How long to wait before each byte of the body; 0: send it as a whole.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drip_seconds: float = 0.0


def as_json(document: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer whose body is ``document``."""
    return Answer(
        status, json.dumps(document).encode(), {"Content-Type": "application/json"} | headers
    )


Route = Callable[[Asked], Answer]


class LittleServer:
    """``with LittleServer({"/path": answer}) as server:`` serves at ``server.url``.

    ``routes`` may change while it runs; ``asked`` holds every request, in order of arrival.
    With a ``certificate`` it speaks TLS, as whose it is. ``clock_ahead`` is how many seconds the
    time it states in ``Date`` is ahead; ``None``: it states none.
    """

    def __init__(
        self, routes: dict[str, Route] | None = None, *, certificate: Certificate | None = None
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.asked: list[Asked] = []
        self.connections = 0
        self.clock_ahead: float | None = 0.0
        self._gone = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _handler_of(self))
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate is not None:
            self.url = f"https://{certificate.host}:{self.port}"
            self._http.socket = certificate.context().wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        """Host and port, as messages name them."""
        return self.url.partition("://")[2]

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [asked.path for asked in self.asked]

    def waits(self, seconds: float) -> bool:
        """Wait; say whether the server was stopped meanwhile."""
        return self._gone.wait(seconds)

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        route = self.routes.get(asked.path)
        return route(asked) if route else as_json({"error": "not_found"}, 404)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering: from now on nobody listens on the port."""
        self._gone.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that does not like our certificate hangs up, as it should."""


def _handler_of(served: LittleServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        little = served

    return Handler


class _Handler(BaseHTTPRequestHandler):
    little: LittleServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()  # here, so that a slow client keeps only itself waiting
        super().setup()
        self.little.connections += 1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(
            method=self.command,
            path=url.path,
            query=dict(parse_qsl(url.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        answer = self.little.answer(asked)
        try:
            self._send(answer)
        except OSError:
            self.close_connection = True  # The client went away, which some tests are about.

    def _send(self, answer: Answer) -> None:
        if answer.raw is not None:
            self.close_connection = True
            self.wfile.write(answer.raw)
            return
        self.send_response_only(answer.status)
        if self.little.clock_ahead is not None and "Date" not in answer.headers:
            now = datetime.now(UTC) + timedelta(seconds=self.little.clock_ahead)  # noqa: TID251
            self.send_header("Date", format_datetime(now, usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not answer.drip_seconds:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            if self.little.waits(answer.drip_seconds):
                return
            self.wfile.write(bytes([byte]))

    do_GET = do_POST = do_DELETE = handle_any


class RawServer:
    """Accepts connections and lets ``talk`` do with each, and its number, as it likes."""

    def __init__(self, talk: Callable[[socket.socket, int], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._talk = talk
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Only a shutdown wakes a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection, number), daemon=True).start()
            number += 1

    def _converse(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                self._talk(connection, number)
            except OSError:
                return
