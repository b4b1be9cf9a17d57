"""Real ``keyturn serve`` processes that are killed, traced and run two to a database."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from tests.faults import databases_
from tests.server.in_process_ import BASE_URL

COMMAND = (sys.executable, "-c", "import sys; from keyturn.cli import main; sys.exit(main())")
STARTS_WITHIN_SECONDS = 60


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def assert_no_surprise(log: str) -> None:
    """Check that nothing in a server's log was unforeseen."""
    assert "Traceback" not in log, log
    assert " failed with " not in log, log


def ask(port: int, method: str, path: str, **options: Any) -> httpx2.Response:
    """Send one request on a connection of its own; redirects are not followed."""
    # Without certificates to load, which would take twenty times as long as the request.
    with httpx2.Client(verify=False, trust_env=False, timeout=30) as client:
        return client.request(method, f"http://127.0.0.1:{port}{path}", **options)


class Server:
    """One server process over a data folder. It calls itself ``BASE_URL`` wherever it listens, so
    that several are one issuer.

    Args:
        data: The data folder; several servers may share one.
        command: What to run instead of the installed command.
        wrapper: A program to run it under, as strace.
        port: Where to listen; a free one otherwise.
        base_url: What it calls itself; ``None``: the address where it listens.
        settings: As ``rate_limits="on"``; they become ``KEYTURN_*`` variables.
    """

    def __init__(
        self,
        data: Path,
        *,
        command: tuple[str, ...] = COMMAND,
        wrapper: tuple[str, ...] = (),
        port: int | None = None,
        base_url: str | None = BASE_URL,
        environ: dict[str, str] | None = None,
        **settings: str,
    ) -> None:
        self.data, self.database = data, settings.get("database")
        self.port = port or free_port()
        self.base_url = base_url or f"http://127.0.0.1:{self.port}"
        self.log_file = data.parent / f"server-{self.port}.log"
        self._environ = {f"KEYTURN_{k.upper()}": v for k, v in {**_QUIET, **settings}.items()}
        self._environ |= environ or {}
        self._command = (*wrapper, *command, "serve", "--data", str(data))
        self._command += ("--port", str(self.port), "--base-url", self.base_url)
        self.process = self._start()

    @property
    def log(self) -> str:
        """What the server has written to standard error, in all of its lives."""
        return self.log_file.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process that serves: the started one, or its child where it is wrapped."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0]) if children.split() else self.process.pid

    def kill(self) -> None:
        """End the server as a crash does."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """Ask the server to end; return its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def restart(self) -> None:
        """Start again at the same place, after ``kill`` or ``stop``."""
        self.process = self._start()

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request on a connection of its own; redirects are not followed."""
        return ask(self.port, method, path, **options)

    def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        """Ask its database, from outside."""
        return databases_.rows(self.data, self.database, query, *values)

    def _start(self) -> subprocess.Popen[str]:
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self._environ},
            )
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], STARTS_WITHIN_SECONDS)
        line = process.stdout.readline() if ready else ""
        if not line.startswith("Keyturn is ready"):
            process.kill()
            process.communicate()
            raise AssertionError(f"the server did not start: {self.log}")
        return process


# Volume is what these tests make; limits on guessing stay.
_QUIET = {"rate_limits": "off"}


@contextlib.contextmanager
def serving(data: Path, *, count: int = 1, **options: Any) -> Iterator[list[Server]]:
    """Run ``count`` servers on one data folder; they are gone when the block ends."""
    servers: list[Server] = []
    try:
        for _ in range(count):
            servers.append(Server(data, **options))
        yield servers
    finally:
        for server in servers:
            server.kill()
