"""A server that starts in a moment: ``keyturn serve``, forked from a process that has loaded it."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from tests.faults import databases_
from tests.faults.forks_ import forks
from tests.faults.servers_ import ask, free_port
from tests.server.in_process_ import BASE_URL

STARTS_WITHIN_SECONDS = 30


class QuickServer:
    """One server to be killed and started again, always at the same port."""

    def __init__(self, data: Path, database: str | None = None) -> None:
        self.data, self.database, self.port = data, database, free_port()
        self.log_file = data.parent / "server.log"
        self.start()

    @property
    def pid(self) -> int:
        pid = self.process.pid
        assert pid is not None
        return pid

    @property
    def log(self) -> str:
        """What the server has written, in all of its lives."""
        return self.log_file.read_text(errors="replace")

    def start(self) -> None:
        """Start, and wait until it answers."""
        arguments = ["--data", str(self.data), "--port", str(self.port), "--base-url", BASE_URL]
        arguments += ["--database", self.database] if self.database else []
        self.process = forks().Process(target=_serve, args=(arguments, self.log_file), daemon=True)
        self.process.start()
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            assert self.process.is_alive(), self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.005)

    def kill(self) -> None:
        """End the server as a crash does."""
        self.process.kill()
        self.process.join()

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request on a connection of its own; redirects are not followed."""
        return ask(self.port, method, path, **options)

    def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        """Ask its database, from outside."""
        return databases_.rows(self.data, self.database, query, *values)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        return False


@contextlib.contextmanager
def quick_server(data: Path, database: str | None = None) -> Iterator[QuickServer]:
    """Yield a server that is gone when the block ends."""
    server = QuickServer(data, database)
    try:
        yield server
    finally:
        server.kill()


def _serve(arguments: list[str], log_file: Path) -> None:
    # The command's module is loaded by now, in the process that this one was forked from.
    from keyturn.server.command import serve_main

    os.environ["KEYTURN_RATE_LIMITS"] = "off"
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    raise SystemExit(serve_main(arguments))
