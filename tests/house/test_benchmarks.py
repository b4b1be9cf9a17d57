"""The benchmarks' own arithmetic, and that their load generator tells right answers from wrong."""

import itertools
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks._numbers import Aim, Ratio, interval, ratio
from benchmarks._server.load import Lane, run


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_all_figures() -> None:
    # One round in which everything was four times slower moves neither ratio.
    assert ratio([40, 10, 40], [20, 5, 20]) == Ratio(2.0, 2.0, 2.0)


def test_of_nine_rounds_the_interval_leaves_out_one_on_either_side() -> None:
    assert interval([float(n) for n in range(1, 10)]) == (2.0, 8.0)


def test_of_few_rounds_the_interval_is_all_of_them() -> None:
    assert interval([1.0, 2.0, 3.0]) == (1.0, 3.0)


def test_an_interval_of_a_high_quantile_lies_at_the_high_end() -> None:
    low, high = interval([float(n) for n in range(401)], part=0.99)
    assert (low, high) == (392.0, 400.0)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (Ratio(7.1, 6.0, 8.0), "PASS, stretch"),
        (Ratio(4.1, 3.0, 5.0), "PASS"),
        (Ratio(3.9, 3.0, 4.1), "open"),
        (Ratio(3.9, 3.0, 3.95), "short"),
    ],
)
def test_an_aim_is_missed_only_where_the_whole_interval_lies_below(found: Ratio, word: str) -> None:
    assert Aim(aim=4, stretch=7).verdict(found) == word


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (Ratio(1.0, 0.9, 1.1), "PASS, stretch"),
        (Ratio(1.2, 1.1, 1.3), "open"),
        (Ratio(1.3, 1.2, 1.4), "short"),
    ],
)
def test_of_a_cost_less_is_better(found: Ratio, word: str) -> None:
    assert Aim(aim=1.15, stretch=1.05, at_least=False).verdict(found) == word


class _Rotating(BaseHTTPRequestHandler):
    """Gives ``N+1`` for ``N``, in each of the ways in which a server may end an answer."""

    protocol_version = "HTTP/1.1"
    ways = itertools.cycle(["length", "chunked", "close"])

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = b'{"token":"%d"}' % (int(sent.removeprefix("token=")) + 1)
        way = next(self.ways)
        self.send_response(200)
        if way == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        if way == "close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Rotating) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


def _lane(address: tuple[str, int], *, holds: str = "token") -> Lane:
    return Lane(
        address=address,
        head=b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: ",
        body=b"token={token}",
        tokens=deque([b"0", b"100", b"200"]),
        expected=(b"HTTP/1.1 200 ", holds.encode()),
        taken_from=re.compile(rb'"token":"(\d+)"'),
        collects=None,
        names_token=False,
    )


def test_every_token_is_sent_once_and_its_successor_later() -> None:
    with _server() as address:
        lane = _lane(address)
        turn = run(lane, connections=2, seconds=20, most=12)
    assert (turn.answered, turn.wrong) == (12, 0)
    # Each answer moved one of the three families on by one.
    assert sum(int(token) % 100 for token in lane.tokens) == 12


def test_an_answer_that_is_not_the_expected_one_is_counted_and_shown() -> None:
    with _server() as address:
        turn = run(_lane(address, holds="something else"), connections=1, seconds=20, most=3)
    assert turn.wrong == 3
    assert turn.shown.startswith("HTTP/1.1 200 ")
