"""Bytes on a socket, for what no HTTP client would send."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 5.0


@contextmanager
def connected(port: int, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """Open a connection to a server on this machine."""
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(("127.0.0.1", port))
        yield connection


def said(connection: socket.socket) -> bytes:
    """Return everything until the other side closes; what is left of it after a reset."""
    found = []
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            found.append(more)
    return b"".join(found)


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes the connection."""
    with connected(port) as connection:
        with suppress(ConnectionError):
            connection.sendall(sent)
        return said(connection)


def statuses(answers: bytes) -> list[int]:
    """Return the status of every answer in a stream of them."""
    found = re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z][A-Za-z -]*\r\n", answers)
    return [int(status) for status in found if status != b"100"]


def request(
    target: str = "/health", *headers: str, method: str = "GET", body: bytes = b"", end: bool = True
) -> bytes:
    """Return the bytes of one request; with ``end`` the server is asked to close after it."""
    lines = [f"{method} {target} HTTP/1.1", "Host: id.example", *headers]
    lines += ["Connection: close"] if end else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def seconds_for(port: int, target: str = "/sign-in") -> float:
    """Return how long an honest request takes, and check that it is answered well."""
    began = time.monotonic()
    assert statuses(exchange(port, request(target))) == [200]
    return time.monotonic() - began
