"""One HTTP conversation with whoever connected to the loopback port: read, judge, answer, close.

As little HTTP as a browser's redirect needs, and nothing that could be talked into more.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import pkgutil
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 16 * 1024
_READ_SECONDS = 10.0
_WRITE_SECONDS = 5.0


class Served(enum.Enum):
    """What a conversation wants next."""

    READING = "reading"
    WRITING = "writing"
    FINISHED = "finished"


class Answer(enum.Enum):
    """What became of a callback's query."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    IGNORED = "ignored"


class Conversation:
    """One connection.

    Args:
        host: The only Host header that is served.
        path: The only path that is served.
        now: The monotonic time of its beginning.
    """

    def __init__(self, *, host: str, path: str, now: float) -> None:
        self._host = host
        self._path = path
        self._overdue_at = now + _READ_SECONDS + _WRITE_SECONDS
        self._received = b""
        self._to_send = memoryview(b"")

    @property
    def is_writing(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self._to_send)

    def is_overdue(self, now: float) -> bool:
        """Say whether the other side has had all the time it gets."""
        return now >= self._overdue_at

    def advance(self, connection: socket.socket, ask: Callable[[str], Answer]) -> Served:
        """Do what can be done without waiting.

        Raises:
            OSError: the connection broke.
        """
        if not self._to_send:
            data = connection.recv(MOST_BYTES)
            if not data:
                return Served.FINISHED
            self._received += data
            answer = self._answer(ask)
            if answer is None:
                return Served.READING
            self._to_send = memoryview(answer)
        try:
            sent = connection.send(self._to_send)
        except BlockingIOError:
            return Served.WRITING
        self._to_send = self._to_send[sent:]
        if self._to_send:
            return Served.WRITING
        connection.shutdown(socket.SHUT_WR)
        return Served.FINISHED

    def _answer(self, ask: Callable[[str], Answer]) -> bytes | None:
        """Return the answer to what was received; ``None``: it is not complete yet."""
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if len(self._received) > MOST_BYTES:
            return _refusal("431 Request Header Fields Too Large")
        if not end:
            return None
        if rest:
            return _refusal("400 Bad Request")  # A body, or a second request behind the first.
        return self._judge(head, ask)

    def _judge(self, head: bytes, ask: Callable[[str], Answer]) -> bytes:
        try:
            request_line, *lines = head.decode("ascii").split("\r\n")
            method, target, version = request_line.split(" ")
            headers = [_header(line) for line in lines]
        except ValueError:
            return _refusal("400 Bad Request")
        if method != "GET":
            return _refusal("405 Method Not Allowed", "Allow: GET")
        if version not in ("HTTP/1.1", "HTTP/1.0") or _has_body(headers):
            return _refusal("400 Bad Request")
        # A name that somebody pointed at 127.0.0.1 makes any web page same-origin with this port.
        if [value for name, value in headers if name == "host"] != [self._host]:
            return _refusal("421 Misdirected Request")
        path, _, query = target.partition("?")
        if path != self._path:
            return _refusal("404 Not Found")
        match ask(query):
            case Answer.ACCEPTED:
                return _page("200 OK", "callback.html")
            case Answer.FAILED:
                return _page("400 Bad Request", "callback-failed.html")
            case Answer.IGNORED:
                return _refusal("400 Bad Request")


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise ValueError("no header line")
    return name.lower(), value.strip()


def _has_body(headers: list[tuple[str, str]]) -> bool:
    return any(
        name == "transfer-encoding" or (name == "content-length" and value != "0")
        for name, value in headers
    )


def _page(status: str, name: str) -> bytes:
    body = pkgutil.get_data("keyturn.net", name) or b""
    style = body.partition(b"<style>")[2].partition(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return _response(
        status, body, "Content-Type: text/html; charset=utf-8", f"Content-Security-Policy: {policy}"
    )


def _refusal(status: str, *headers: str) -> bytes:
    body = f"{status.partition(' ')[2]}\n".encode("ascii")
    return _response(status, body, "Content-Type: text/plain; charset=utf-8", *headers)


def _response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        *headers,
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        # The address holds the code: neither the next page nor an icon's request may tell it on.
        "Referrer-Policy: no-referrer",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("ascii") + body
