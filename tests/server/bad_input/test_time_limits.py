"""How long a connection may dawdle: the server's own protocol, with limits that tests can wait for.

Every test waits for something to happen, never for time to pass.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import uvicorn

from keyturn.server.http.connection import BoundedProtocol
from tests.server.bad_input.sockets_ import connected, exchange, request, said, statuses

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

LARGE = b"x" * 20_000_000


class Quick(BoundedProtocol):
    """Gives up within a blink."""

    head_seconds = 0.2
    unread_seconds = 0.2


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer late, at length, or as the path says."""
    if scope["path"] == "/late":
        await asyncio.sleep(3 * Quick.head_seconds)
    body = LARGE if scope["path"] == "/large" else b"here"
    if scope["path"] == "/refuse":  # without reading the body
        body = b"no"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=Quick, ws="none", log_level="error", lifespan="off", timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()


def closes_within(connection: socket.socket, *, seconds: float) -> bytes:
    began = time.monotonic()
    found = said(connection)
    assert time.monotonic() - began < seconds
    return found


def is_cut_off(connection: socket.socket, sent: bytes) -> bool:
    """Send the same again and again: whoever was cut off learns of it by sending."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            connection.sendall(sent)
        except ConnectionError:
            return True
        threading.Event().wait(0.02)
    return False


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("begun", [b"", b"G", b"GET /health HTTP/1.1\r\nHost: x\r\nA: b", b"\r\n"])
def test_a_head_that_does_not_come_to_its_end_ends_the_connection(port: int, begun: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(begun)
        assert closes_within(connection, seconds=3) == b""


@pytest.mark.proves("T-11")
def test_bytes_that_trickle_do_not_extend_the_limit(port: int) -> None:
    began = time.monotonic()
    with connected(port) as connection, suppress(ConnectionError, TimeoutError):
        connection.sendall(b"GET / HTTP/1.1\r\n")
        connection.settimeout(0.02)
        while time.monotonic() < began + 4:
            connection.sendall(b"A: b\r\n")
            with suppress(TimeoutError):
                if not connection.recv(1):
                    break
    assert time.monotonic() - began < 3


@pytest.mark.proves("T-11")
def test_an_answer_that_is_never_read_is_given_up(port: int) -> None:
    with connected(port, receive_buffer=4096) as connection:
        connection.sendall(request("/large", end=False))
        assert is_cut_off(connection, b"\r\n")


@pytest.mark.proves("T-11")
def test_a_body_that_goes_on_after_its_answer_is_not_listened_to_for_long(port: int) -> None:
    head = request("/refuse", "Transfer-Encoding: chunked", method="POST", end=False)
    with connected(port) as connection:
        connection.sendall(head)
        assert statuses(connection.recv(4096)) == [200]
        assert is_cut_off(connection, b"4\r\nmore\r\n")


def test_an_answer_may_take_longer_than_its_question(port: int) -> None:
    assert statuses(exchange(port, request("/late"))) == [200]


def test_a_large_answer_reaches_who_reads_it(port: int) -> None:
    found = exchange(port, request("/large"))
    assert found.endswith(LARGE)


def test_a_connection_may_be_used_again_and_again(port: int) -> None:
    with connected(port) as connection:
        for _ in range(5):
            connection.sendall(request("/", end=False))
            assert connection.recv(4096).endswith(b"here")
