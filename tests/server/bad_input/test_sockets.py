"""A real server and clients that break HTTP: it refuses them and goes on answering the others."""

from __future__ import annotations

import random
import re
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.served_ import Served, serving
from tests.server.bad_input.sockets_ import (
    connected,
    exchange,
    request,
    said,
    seconds_for,
    statuses,
)

# What an honest request may take while others misbehave, on a busy machine.
RESPONSIVE_SECONDS = 2.0
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = (
    "Content-Type: application/json",
    "x-stack-access-type: client",
    "x-stack-project-id: default",
)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: id.example\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # As a login shell starts it on most systems: with room for about a thousand files.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    with serving(tmp_path_factory.mktemp("sockets"), rate_limits="off") as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield server
        assert server.process.poll() is None
        assert "Traceback" not in server.log
        assert " ERROR " not in server.log
        assert server.stop() == 0


@pytest.mark.proves("T-11")
def test_the_server_takes_as_many_connections_as_the_system_lets_it(served: Served) -> None:
    limits = Path(f"/proc/{served.process.pid}/limits").read_text()
    found = re.search(r"Max open files\s+(\d+)\s+(\d+)", limits)
    assert found is not None
    assert found[1] == found[2]


def memory_mib(served: Served) -> float:
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


NO_HTTP: dict[str, bytes] = {
    "noise": bytes(range(256)) * 4,
    "a TLS hello": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 30,
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "version 9": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "an unknown method": b"LOGIN /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"get /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a header without a name": b"GET /health HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "a header without a colon": b"GET /health HTTP/1.1\r\nHost: x\r\nab\r\n\r\n",
    "a NUL in a header": b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    "a lone return": b"GET /health HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
    "lone line feeds": b"GET /health HTTP/1.1\nHost: x\n\n",
    "raw bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw bytes in the query": b"GET /sign-in?continue=\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the path": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_not_http_is_refused_and_hung_up_on(served: Served, name: str) -> None:
    answers = exchange(served.port, NO_HTTP[name])
    assert statuses(answers) == [400]
    assert b"connection: close" in answers
    assert b"server:" not in answers.lower()


LENGTHS = {
    "two lengths": ("Content-Length: 3", "Content-Length: 50"),
    "two lengths in one": ("Content-Length: 3, 50",),
    "a negative length": ("Content-Length: -3",),
    "a signed length": ("Content-Length: +3",),
    "a length in hex": ("Content-Length: 0x3",),
    "a length with an underscore": ("Content-Length: 1_0",),
    "an empty length": ("Content-Length:",),
    "a length of words": ("Content-Length: three",),
    "a length beyond 64 bits": ("Content-Length: 18446744073709551619",),
    "length and chunks": ("Content-Length: 3", "Transfer-Encoding: chunked"),
    "chunks and length": ("Transfer-Encoding: chunked", "Content-Length: 3"),
    "an unknown coding": ("Transfer-Encoding: xchunked",),
    "chunks not last": ("Transfer-Encoding: chunked, identity",),
    "a coding after a tab": ("Transfer-Encoding:\x0bchunked",),
    "a space before the colon": ("Transfer-Encoding : chunked",),
    "a quoted coding": ('Transfer-Encoding: "chunked"',),
}


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("name", LENGTHS)
def test_no_second_request_hides_behind_an_unclear_length(served: Served, name: str) -> None:
    for body in (b"a=b" + SMUGGLED, b"0\r\n\r\n" + SMUGGLED, b"3\r\na=b\r\n0\r\n\r\n" + SMUGGLED):
        sent = request("/oauth/token", FORM, *LENGTHS[name], method="POST", end=False) + body
        assert statuses(exchange(served.port, sent)) == [400]


@pytest.mark.proves("T-11")
@pytest.mark.parametrize(
    "chunks",
    [
        b"3;\n\r\na=b\r\n0\r\n\r\n", b"-3\r\na=b\r\n0\r\n\r\n", b"0x3\r\na=b\r\n0\r\n\r\n",
        b"3\r\na=bX\r\n0\r\n\r\n", b"3\ra=b\r\n0\r\n\r\n", b"ffffffffffffffff1\r\na=b\r\n0\r\n\r\n",
        b"3\na=b\n0\n\n", b"\r\n0\r\n\r\n",
    ],
)  # fmt: skip
def test_broken_chunks_are_refused(served: Served, chunks: bytes) -> None:
    head = request("/oauth/token", FORM, "Transfer-Encoding: chunked", method="POST", end=False)
    found = statuses(exchange(served.port, head + chunks + SMUGGLED))
    assert found in ([400], [401, 400])  # the second: the request was over before the broken part


@pytest.mark.proves("T-11")
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/oauth/token", (FORM,), 413),
        ("/oauth/device_authorization", (FORM,), 413),
        ("/oauth/revoke", (FORM,), 413),
        ("/api/v1/auth/cli", JSON, 413),
        ("/api/v1/auth/oauth/token", (FORM,), 413),
        ("/sign-in", (FORM, "Origin: http://127.0.0.1:{port}"), 400),
    ],
)
def test_a_body_that_would_be_too_large_is_refused_before_it_is_sent(
    served: Served, path: str, headers: tuple[str, ...], status: int
) -> None:
    named = [header.format(port=served.port) for header in headers]
    for length in (65_537, 1 << 40, (1 << 63) - 1):
        for extra in ((), ("Expect: 100-continue",)):
            sent = request(path, *named, f"Content-Length: {length}", *extra, method="POST")
            answers = exchange(served.port, sent)
            assert statuses(answers) == [status]
            assert b"100 Continue" not in answers


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("path", ["/oauth/token", "/api/v1/auth/cli", "/sign-in"])
def test_chunks_without_end_end_at_the_limit(served: Served, path: str) -> None:
    origin = f"Origin: http://127.0.0.1:{served.port}"
    headers = (*JSON,) if path.startswith("/api") else (FORM, origin)
    with connected(served.port) as connection:
        connection.sendall(
            request(path, *headers, "Transfer-Encoding: chunked", method="POST", end=False)
        )
        with suppress(ConnectionError):
            for _ in range(20):  # 80 KiB
                connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        answer = connection.recv(65536)
        assert statuses(answer) in ([413], [400])
        assert seconds_for(served.port) < RESPONSIVE_SECONDS


@pytest.mark.proves("T-11")
def test_a_head_has_at_most_64_kib(served: Served) -> None:
    before = memory_mib(served)
    large = {
        "one long header": b"A: " + b"x" * 70_000,
        "many headers": b"\r\n".join(b"A%d: x" % n for n in range(20_000)),
        "a header without end": b"A: " + b"x" * 40_000_000,
        "a long cookie": b"Cookie: keyturn_browser=" + b"x" * 70_000,
    }
    for name, header in large.items():
        sent = b"GET /health HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n"
        found = statuses(exchange(served.port, sent))
        # A client that goes on sending may lose the answer to a reset of the connection.
        assert found in ([431], []), name
    assert statuses(exchange(served.port, request("/" + "x" * 66_000))) in ([431], [])
    assert statuses(exchange(served.port, request("/" + "x" * 30_000))) == [404]
    assert memory_mib(served) < before + 20


@pytest.mark.proves("T-11")
def test_slow_clients_slow_down_nobody_else(served: Served) -> None:
    with ExitStack() as opened:
        slow = [opened.enter_context(connected(served.port)) for _ in range(200)]
        half = request("/oauth/token", FORM, "Content-Length: 60000", method="POST")
        for number, connection in enumerate(slow):
            connection.sendall(half[: 5 + number % (len(half) - 5)])
        for part in range(5):
            for connection in slow[:50]:
                with suppress(ConnectionError):
                    connection.sendall(b"x" if part else b"")
            assert seconds_for(served.port) < RESPONSIVE_SECONDS
        assert seconds_for(served.port, "/.well-known/oauth-authorization-server") < 1


@pytest.mark.proves("T-11")
def test_clients_that_never_read_slow_down_nobody_and_fill_no_memory(served: Served) -> None:
    before = memory_mib(served)
    page = request("/sign-in", end=False)
    with ExitStack() as opened:
        for _ in range(30):
            connection = opened.enter_context(connected(served.port, receive_buffer=2048))
            connection.setblocking(False)
            with suppress(BlockingIOError, ConnectionError):
                connection.sendall(page * 4000)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert seconds_for(served.port, "/health") < RESPONSIVE_SECONDS
        assert memory_mib(served) < before + 60


@pytest.mark.proves("T-11")
def test_who_hangs_up_in_the_middle_leaves_no_trace(served: Served) -> None:
    whole = request("/oauth/token", FORM, "Content-Length: 3", method="POST", body=b"a=b")
    paths = ("/oauth/token", "/sign-in", "/api/v1/auth/cli")
    heads = [
        request(path, *JSON, "Content-Length: 500", method="POST", end=False) for path in paths
    ]
    for sent in [whole[:n] for n in range(0, len(whole), 7)] + heads:
        with connected(served.port) as connection:
            connection.sendall(sent)
            # A reset instead of a polite end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert seconds_for(served.port) < RESPONSIVE_SECONDS


@pytest.mark.proves("T-11")
def test_half_open_clients_get_their_answer(served: Served) -> None:
    with connected(served.port) as connection:
        connection.sendall(request("/health"))
        connection.shutdown(socket.SHUT_WR)
        assert statuses(said(connection)) == [200]
    with connected(served.port) as connection:
        connection.sendall(request("/health")[:10])
        connection.shutdown(socket.SHUT_WR)
        assert statuses(said(connection)) == []


@pytest.mark.proves("T-11")
def test_requests_in_one_breath_are_answered_in_order(served: Served) -> None:
    targets = ["/health", "/nothing", "/api/v1", "/oauth/jwks", "/api/v1/nothing"]
    sent = b"".join(request(target, end=False) for target in targets * 6) + request("/health")
    assert statuses(exchange(served.port, sent)) == [200, 404, 200, 200, 404] * 6 + [200]
    posts = request(
        "/oauth/token", FORM, "Content-Length: 3", method="POST", body=b"a=b", end=False
    )
    broken = posts * 3 + b"GET /health HTTP/9.9\r\n\r\n" + posts
    assert set(statuses(exchange(served.port, broken))) <= {401}  # each is its own request's answer


@pytest.mark.proves("T-11")
def test_hundreds_of_requests_in_one_breath_are_cut_off(served: Served) -> None:
    sent = request("/sign-in", end=False) * 500
    assert len(statuses(exchange(served.port, sent))) <= 33


@pytest.mark.proves("T-11")
def test_no_upgrade_is_offered(served: Served) -> None:
    for kind in ("websocket", "h2c", "TLS/1.3"):
        upgrade = ("Upgrade: " + kind, "Connection: Upgrade")
        sent = request("/health", *upgrade, "Sec-WebSocket-Key: eA==", end=False)
        with connected(served.port) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert statuses(said(connection)) == [200]


@pytest.mark.proves("T-11", "S-62")
@pytest.mark.parametrize(
    "head",
    [
        "GET /sessions HTTP/1.1\r\n",
        "GET /sessions HTTP/1.1\r\nHost: \r\n",
        "GET /sessions HTTP/1.1\r\nHost: [\r\n",
        "GET /sessions HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        "GET /sessions HTTP/1.1\r\nHost: evil.example:99999999\r\n",
        "GET /sessions HTTP/1.1\r\nHost: evil.example/\\@x\r\n",
        "GET /sessions HTTP/1.1\r\nHost: \xff\xfe\r\n",
        "GET http://evil.example/sessions HTTP/1.1\r\nHost: x\r\n",
        "GET //evil.example/..//sessions HTTP/1.1\r\nHost: x\r\n",
    ],
)
def test_the_named_host_changes_nothing(served: Served, head: str) -> None:
    answers = exchange(served.port, (head + "Connection: close\r\n\r\n").encode("latin-1"))
    assert statuses(answers) in ([303], [404], [400])
    assert b"evil" not in answers


def test_noise_of_every_kind_leaves_the_server_as_it_was(served: Served) -> None:
    same = random.Random(20261121)  # noqa: S311 - the same noise each time
    for _ in range(150):
        length = same.choice([1, 10, 100, 5000])
        parts = [
            same.randbytes(length),
            request("/sign-in", end=False),
            b"\r\n\r\n",
            b"\0" * length,
        ]
        same.shuffle(parts)
        with connected(served.port) as connection:
            with suppress(ConnectionError):
                connection.sendall(b"".join(parts))
                connection.shutdown(socket.SHUT_WR)
            assert all(status < 500 for status in statuses(said(connection)))
    assert seconds_for(served.port) < RESPONSIVE_SECONDS
