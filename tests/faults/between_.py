"""Something on the way to a server that passes every request on, and not every answer back."""

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Between(ThreadingHTTPServer):
    """Listens on a port of its own and asks the server for whoever asks here.

    Attributes:
        answering: Called when the server has answered; may wait, and says whether the answer is
            passed back. Otherwise the connection just ends.
        grants: How many requests for tokens the server was sent.
        lost: How many of its answers went nowhere.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server_at = port
        self.answering: Callable[[], bool] = lambda: True
        self.grants = self.lost = 0
        self.counting = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Between

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.server_at, timeout=30)
        upstream.request("POST", self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        is_grant = self.path == "/oauth/token"
        passed_on = not is_grant or self.server.answering()
        with self.server.counting:
            self.server.grants += is_grant
            self.server.lost += not passed_on
        if passed_on:
            self._pass_on(answer, content)
        self.close_connection = True

    def _pass_on(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        with contextlib.suppress(OSError):  # who asked may be gone by now
            self.send_response_only(answer.status)
            self.send_header("content-type", answer.headers.get("content-type", ""))
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def between(port: int) -> Iterator[Between]:
    """Yield something between clients and the server on ``port``."""
    with Between(port) as standing:
        thread = threading.Thread(target=standing.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield standing
        finally:
            standing.shutdown()
            thread.join()
