"""The callback server under abuse: whatever comes, the wait goes on until the right answer."""

import base64
import contextlib
import hashlib
import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import keyturn.net
from keyturn.net.loopback import CallbackServer
from keyturn.protocol.errors import CallbackTimeout, LoginDenied, PortUnavailable

PAGES = Path(keyturn.net.__file__).parent


def judge(query: str) -> str | None:
    """Accept ``good``, refuse ``denied``, ignore all else."""
    if query == "denied":
        raise LoginDenied
    return "the-code" if query == "good" else None


class Waiting:
    """A server that waits in a thread of its own."""

    def __init__(self) -> None:
        self.server = CallbackServer(port=0, monotonic=time.monotonic)
        self.port = self.server.port
        self.ticks = 0
        self._pool = ThreadPoolExecutor(1)
        self.outcome: Future[str] = self._pool.submit(self._wait)

    def _wait(self) -> str:
        with self.server:
            return self.server.wait(judge, until=time.monotonic() + 20, on_tick=self._tick)

    def _tick(self) -> None:
        self.ticks += 1

    def ask(
        self, target: str, *, method: str = "GET", host: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request as a browser would and return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Host": f"127.0.0.1:{self.port}" if host is None else host}
        with contextlib.closing(connection):
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            body = response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, body

    def raw(self, data: bytes) -> bytes:
        """Send bytes and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(data)
            answer = b""
            while more := connection.recv(65536):
                answer += more
            return answer

    def finish(self) -> None:
        """Give the right answer, unless it is over, and wait for the end."""
        with contextlib.suppress(OSError):  # It is closing already.
            self.ask("/callback?good")
        self._pool.shutdown()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    """Yield a waiting server; the right answer must still end the wait when the test is done."""
    it = Waiting()
    yield it
    it.finish()
    assert isinstance(it.outcome.exception(), LoginDenied | None)


def test_the_right_answer_ends_the_wait_and_closes_the_port(waiting: Waiting) -> None:
    status, _, _ = waiting.ask("/callback?good")
    assert status == 200
    assert waiting.outcome.result(5) == "the-code"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", waiting.port), timeout=5)


@pytest.mark.proves("K-44")
def test_the_page_reflects_nothing_claims_no_success_and_is_the_designed_one(
    waiting: Waiting,
) -> None:
    _, headers, body = waiting.ask("/callback?good")
    assert body == (PAGES / "callback.html").read_bytes()
    assert b"signed in" not in body.lower()
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'sha256-pMSUaSxRC+tP9UBMzZHZq0gfmky3KL60QRN1onYkdIs='; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["connection"] == "close"


def test_both_pages_ask_for_no_icon_and_have_the_style_that_the_policy_allows() -> None:
    for name in ("callback.html", "callback-failed.html"):
        page = (PAGES / name).read_bytes()
        assert b'<link rel="icon" href="data:,">' in page
        assert b"<script" not in page
        style = page.split(b"<style>")[1].split(b"</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style).digest())
        assert digest == b"pMSUaSxRC+tP9UBMzZHZq0gfmky3KL60QRN1onYkdIs="


@pytest.mark.proves("K-44")
def test_an_answer_that_is_ours_but_no_shows_the_other_page_and_ends_the_wait(
    waiting: Waiting,
) -> None:
    status, _, body = waiting.ask("/callback?denied")
    assert status == 400
    assert body == (PAGES / "callback-failed.html").read_bytes()
    with pytest.raises(LoginDenied):
        waiting.outcome.result(5)


@pytest.mark.proves("K-44", "T-3")
@pytest.mark.parametrize(
    ("target", "method", "host", "status"),
    [
        ("/favicon.ico", "GET", None, 404),
        ("/", "GET", None, 404),
        ("/callback/", "GET", None, 404),
        ("/callback/../callback?good", "GET", None, 404),
        ("//callback?good", "GET", None, 404),
        ("/CALLBACK?good", "GET", None, 404),
        ("http://127.0.0.1/callback?good", "GET", None, 404),
        ("/callback", "GET", None, 400),
        ("/callback?", "GET", None, 400),
        ("/callback?wrong", "GET", None, 400),
        ("/callback?good", "POST", None, 405),
        ("/callback?good", "HEAD", None, 405),
        ("/callback?good", "OPTIONS", None, 405),
        ("/callback?good", "PUT", None, 405),
        ("/callback?good", "get", None, 405),
        ("/callback?good", "GET", "evil.example", 421),
        ("/callback?good", "GET", "localhost", 421),
        ("/callback?good", "GET", "127.0.0.1", 421),
        ("/callback?good", "GET", "127.0.0.1:1", 421),
        ("/callback?good", "GET", "", 421),
    ],
)
def test_anything_else_is_turned_away_and_the_wait_goes_on(
    waiting: Waiting, target: str, method: str, host: str | None, status: int
) -> None:
    got, headers, body = waiting.ask(target, method=method, host=host)
    assert got == status
    assert b"good" not in body
    assert headers["referrer-policy"] == "no-referrer"
    assert not waiting.outcome.done()


@pytest.mark.proves("K-44")
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /callback?good\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1 x\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/2\r\nHost: HOST\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\r\n\r\n", b"421"),
        (b"GET /callback?good HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", b"421"),
        (b"GET /callback?good HTTP/1.1\r\nHost : HOST\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\r\nHost: HOST\r\n folded\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\r\nnonsense\r\nHost: HOST\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\r\nHost: HOST\r\n\r\nbody", b"400"),
        (
            b"GET /callback?good HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"400",
        ),
        (b"GET /callback?go\xffod HTTP/1.1\r\nHost: HOST\r\n\r\n", b"400"),
        (b"GET /callback?good HTTP/1.1\nHost: HOST\n\n\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n", b"431"),
        (b"GET /callback?good HTTP/1.1\r\nX: " + b"x" * 20_000, b"431"),
        (b"\x16\x03\x01\x02\x00" + b"\x01" * 200 + b"\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_plain_request_is_turned_away(
    waiting: Waiting, data: bytes, status: bytes
) -> None:
    answer = waiting.raw(data.replace(b"HOST", b"127.0.0.1:%d" % waiting.port))
    assert answer.split(b" ")[1] == status
    assert not waiting.outcome.done()


@pytest.mark.proves("K-44")
def test_silent_slow_and_vanishing_visitors_keep_nobody_waiting(waiting: Waiting) -> None:
    """Browsers open connections ahead of need; others may do worse."""
    address = ("127.0.0.1", waiting.port)
    silent = [socket.create_connection(address) for _ in range(20)]
    slow = socket.create_connection(address)
    slow.sendall(b"GET /callback?good HTT")
    for _ in range(20):
        socket.create_connection(address).close()
    abrupt = socket.create_connection(address)
    abrupt.sendall(b"GET /callback?good HTTP/1.1\r\n")
    abrupt.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    abrupt.close()
    started = time.monotonic()
    assert waiting.ask("/callback?good")[0] == 200
    assert waiting.outcome.result(5) == "the-code"
    assert time.monotonic() - started < 2
    for connection in [*silent, slow]:
        connection.close()


@pytest.mark.proves("K-44")
def test_a_request_in_pieces_is_put_together(waiting: Waiting) -> None:
    with socket.create_connection(("127.0.0.1", waiting.port), timeout=5) as connection:
        for piece in (
            b"GET /callback?good HTTP/1.1\r\nHo",
            b"st: 127.0.0.1:",
            b"%d\r\n\r" % waiting.port,
        ):
            connection.sendall(piece)
            assert select.select([connection], [], [], 0.02)[0] == []
        connection.sendall(b"\n")
        assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.proves("K-44")
def test_of_parallel_right_answers_the_first_counts(waiting: Waiting) -> None:
    barrier = threading.Barrier(8)
    statuses: list[int] = []

    def ask() -> None:
        barrier.wait()
        try:
            statuses.append(waiting.ask("/callback?good")[0])
        except OSError:
            statuses.append(0)  # The port was closed before this one got through.

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 0}


@pytest.mark.proves("K-44")
def test_time_runs_out_by_the_clock_that_was_handed_in() -> None:
    now = iter(range(0, 10_000, 7))
    ticks = []
    with CallbackServer(port=0, monotonic=lambda: float(next(now))) as server:
        port = server.port
        with pytest.raises(CallbackTimeout) as caught:
            server.wait(judge, until=30.0, on_tick=lambda: ticks.append(1))
    assert "--device" in (caught.value.hint_for("acme") or "")
    assert ticks
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.proves("K-44", "K-64")
def test_ctrl_c_closes_the_port() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    server = CallbackServer(port=0, monotonic=time.monotonic)
    port = server.port
    with pytest.raises(KeyboardInterrupt), server:
        server.wait(judge, until=time.monotonic() + 20, on_tick=interrupt)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.proves("K-43")
def test_a_busy_port_is_walked_past_and_ten_busy_ones_are_an_error() -> None:
    listen: Callable[[int], socket.socket] = lambda port: socket.create_server(("127.0.0.1", port))  # noqa: E731
    with CallbackServer(port=0, monotonic=time.monotonic) as first:
        try:
            with CallbackServer(port=first.port, monotonic=time.monotonic) as second:
                assert first.port < second.port < first.port + 10
                assert second.redirect_uri == f"http://127.0.0.1:{second.port}/callback"
        except PortUnavailable:
            pytest.fail("nine further ports were to be tried")
    taken = []
    base = 40_960
    for port in range(base, base + 10):
        try:
            taken.append(listen(port))
        except OSError:
            continue  # Busy already, which is just as good.
    with pytest.raises(PortUnavailable, match=f"{base} to {base + 9}"):
        CallbackServer(port=base, monotonic=time.monotonic)
    for server in taken:
        server.close()
    with pytest.raises(PortUnavailable):
        CallbackServer(port=65_536, monotonic=time.monotonic)


@pytest.mark.proves("K-43", "T-3")
def test_the_port_is_bound_on_loopback_only_and_can_be_used_again_at_once() -> None:
    with CallbackServer(port=0, monotonic=time.monotonic) as server:
        port = server.port
        assert server.redirect_uri == f"http://127.0.0.1:{port}/callback"
        with pytest.raises(OSError, match=r"."):
            socket.create_connection(("127.0.0.2", port), timeout=1)
    with CallbackServer(port=port, monotonic=time.monotonic) as server:
        assert server.port == port
