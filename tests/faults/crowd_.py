"""Client processes of one machine that ask for a token at the same moment, round after round.

They are started once. In every round each of them does what a new run of a program does: it makes
its own ``Auth`` and reads the store anew.
"""

import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from keyturn.client import refresh, runtime  # noqa: F401 - loaded once, before the fork
from keyturn.client.auth import Auth
from keyturn.client.effects import Effects
from keyturn.protocol.errors import KeyturnError
from tests.faults.forks_ import forks
from tests.server.in_process_ import BASE_URL

CLIENT = "keyturn-cli"
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Got:
    """What one process got: a token, or an error's code and words; and how long it took."""

    token: str | None = None
    error: str | None = None
    words: str = ""
    seconds: float = 0.0


def auth_at(home: Path, effects: Effects | None = None) -> Auth:
    """Return the program's ``Auth`` on the machine whose home this is."""
    return Auth(
        "acme",
        issuer=BASE_URL,
        client_id=CLIENT,
        home=str(home),
        storage="file",
        effects=effects or Effects(warn=lambda message: None),
    )


class Crowd:
    """Processes that wait at one barrier before each round.

    Args:
        count: How many.
        act: What each does in a round.
    """

    def __init__(self, count: int, act: Callable[[], Got]) -> None:
        context = forks()
        # Kept, or its semaphores are gone before the last process has found them.
        self._barrier = context.Barrier(count)
        self._ends: list[Connection[Any, Any]] = []
        self._processes = []
        for _ in range(count):
            here, there = context.Pipe()
            one = context.Process(target=_live, args=(there, self._barrier, act), daemon=True)
            one.start()
            there.close()
            self._ends.append(here)
            self._processes.append(one)

    def begin(self) -> None:
        """Start a round."""
        for end in self._ends:
            end.send(True)

    def end(self) -> list[Got]:
        """Wait for the round's end and return what each process got."""
        got: list[Got] = []
        for end in self._ends:
            assert end.poll(TIMEOUT_SECONDS), "a process did not come back"
            got.append(end.recv())
        return got

    def ask(self) -> list[Got]:
        """Run one round."""
        self.begin()
        return self.end()

    def signal(self, number: signal.Signals) -> None:
        """Send every process a signal."""
        for process in self._processes:
            assert process.pid is not None
            os.kill(process.pid, number)

    def close(self) -> None:
        """Send them home, the stopped and the killed ones too."""
        for end, process in zip(self._ends, self._processes, strict=True):
            with contextlib.suppress(OSError):
                end.send(False)
            end.close()
            process.join(5)
            process.kill()
            process.join()


@contextlib.contextmanager
def crowd(count: int, act: Callable[[], Got]) -> Iterator[Crowd]:
    """Yield processes that are gone when the block ends."""
    started = Crowd(count, act)
    try:
        yield started
    finally:
        started.close()


def asking(home: Path, *, haste: float = 1.0) -> Callable[[], Got]:
    """Return what asks for a token through the library.

    Args:
        home: The machine's home.
        haste: How many seconds of patience pass in one second: waiting has a bound of 30 s.
    """
    return partial(_ask, home, haste)


def foreign(file: Path, port: int, *, own_copy: bool) -> Callable[[], Got]:
    """Return what a program without locks does: read the file, refresh if due, write the file.

    Args:
        file: Where all of them keep the refresh token, and whether it is ``due``.
        port: The server's.
        own_copy: Read the file only the first time, and go on with what oneself was given.
    """
    return partial(_refresh, file, port, own_copy)


def write_foreign(file: Path, refresh_token: str, *, due: bool) -> None:
    """Replace the file of such programs, so that nobody reads half of it."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_text(json.dumps({"refresh_token": refresh_token, "due": due}))
    beside.replace(file)


def _live(orders: "Connection[Any, Any]", barrier: Barrier, act: Callable[[], Got]) -> None:
    while orders.recv():
        barrier.wait(TIMEOUT_SECONDS)
        orders.send(act())


def _ask(home: Path, haste: float) -> Got:
    def monotonic() -> float:
        return time.monotonic() * haste

    began = monotonic()
    effects = Effects(monotonic=monotonic, warn=lambda message: None)
    try:
        token = auth_at(home, effects).token()
    except KeyturnError as error:
        return Got(error=error.code, words=str(error), seconds=monotonic() - began)
    return Got(token=token, seconds=monotonic() - began)


_OWN: dict[Path, str] = {}


def _refresh(file: Path, port: int, own_copy: bool) -> Got:
    for _ in range(50):
        kept = json.loads(file.read_text())
        if not kept["due"] and not own_copy:
            return Got(token=kept["refresh_token"])
        token = _OWN.get(file, kept["refresh_token"]) if own_copy else kept["refresh_token"]
        status, answer = _grant(port, token)
        if status == 200:
            _OWN[file] = answer["refresh_token"]
            if not own_copy:
                write_foreign(file, answer["refresh_token"], due=False)
            return Got(token=answer["refresh_token"])
        if status not in (429, 503):
            return Got(error=answer["error"], words=answer["error_description"])
        time.sleep(0.1)  # asked to come later: by then the file may hold what another was given
    return Got(error="later")


def _grant(port: int, token: str) -> tuple[int, dict[str, Any]]:
    fields = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/oauth/token", urlencode(fields), kind)
    answer = connection.getresponse()
    found: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return answer.status, found
