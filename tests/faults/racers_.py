"""32 client processes that send at the same moment, and report what each was answered."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any
from urllib.parse import urlencode

from tests.faults.forks_ import forks

RACERS = 32
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Send:
    """One request."""

    port: int
    path: str
    body: str
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back; ``json`` is for bodies that hold an object."""

    status: int
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


def form(port: int, path: str, **fields: str) -> Send:
    """Return a request that posts a form."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Send(port=port, path=path, body=urlencode(fields), headers=kind)


class Racers:
    """Processes that wait at one barrier before each round. They are made once for all rounds."""

    def __init__(self, count: int = RACERS) -> None:
        context = forks()
        # Kept, or its semaphores are gone before the last process has found them.
        self._barrier = context.Barrier(count)
        self._ends: list[Connection[Any, Any]] = []
        self._processes = []
        for _ in range(count):
            here, there = context.Pipe()
            racer = context.Process(target=_race, args=(there, self._barrier), daemon=True)
            racer.start()
            there.close()
            self._ends.append(here)
            self._processes.append(racer)

    def race(self, requests: list[Send]) -> list[Answer]:
        """Send each request from a process of its own, all at once."""
        assert len(requests) == len(self._ends)
        for end, request in zip(self._ends, requests, strict=True):
            end.send(request)
        answers: list[Answer] = []
        for end in self._ends:
            assert end.poll(TIMEOUT_SECONDS), "a racer did not come back"
            answers.append(end.recv())
        return answers

    def close(self) -> None:
        """Send them home."""
        for end in self._ends:
            end.send(None)
            end.close()
        for process in self._processes:
            process.join()


@contextlib.contextmanager
def racers() -> Iterator[Racers]:
    """Yield processes that are gone when the block ends."""
    started = Racers()
    try:
        yield started
    finally:
        started.close()


def _race(orders: "Connection[Any, Any]", barrier: Barrier) -> None:
    while (order := orders.recv()) is not None:
        # Connected beforehand: only the request itself is left to be sent at the signal.
        connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=TIMEOUT_SECONDS)
        connection.connect()
        barrier.wait(TIMEOUT_SECONDS)
        connection.request(order.method, order.path, order.body, order.headers)
        answer = connection.getresponse()
        orders.send(Answer(answer.status, answer.read()))
        connection.close()
