"""Another computer, as far as a browser can tell: its own loopback, and the way to the server."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_NOT_PASSED_ON = ("connection", "keep-alive", "proxy-connection", "transfer-encoding")


class OtherComputer:
    """A forward proxy that a browser is set to, so that its 127.0.0.1 is not this one's.

    Requests for the server go there. Every other address is answered here and written down: on
    the victim's computer nobody listens for the attacker.

    Args:
        server: The base URL that is reachable from there.

    Attributes:
        asked: Every URL besides the server's that the browser has asked for.
        tunnels: Every ``host:port`` it wanted to speak TLS with.
    """

    def __init__(self, server: str) -> None:
        self.asked: list[str] = []
        self.tunnels: list[str] = []
        self._server = urlsplit(server).netloc
        self._listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._listening.daemon_threads = True
        self._thread = threading.Thread(target=self._listening.serve_forever, daemon=True)

    @property
    def proxy(self) -> str:
        """What the browser has to be told."""
        return f"http://127.0.0.1:{self._listening.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown()
        self._listening.server_close()
        self._thread.join()

    def answer(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answer one request of the browser."""
        if method == "CONNECT":
            self.tunnels.append(url)
            return 502, [], b""
        parts = urlsplit(url)
        if parts.netloc != self._server:
            self.asked.append(url)
            return 200, [("Content-Type", "text/plain")], b"on the victim's own computer"
        connection = http.client.HTTPConnection(self._server, timeout=20)
        try:
            connection.request(method, url.partition(self._server)[2], body, headers)
            reply = connection.getresponse()
            content = reply.read()
            return reply.status, reply.getheaders(), content
        finally:
            connection.close()


def _handler(computer: OtherComputer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in _NOT_PASSED_ON
            }
            status, headers, body = computer.answer(
                self.command, self.path, kept, self.rfile.read(length)
            )
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in (*_NOT_PASSED_ON, "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_CONNECT = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
