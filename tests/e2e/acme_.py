"""The sample program as somebody's real process, on a computer of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keyturn.cli.demo.child import Child

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "minimal_cli" / "acme.py"
KEPT_FROM_OUTSIDE = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START", "PYTHONPATH")
PATIENCE_SECONDS = 20.0


class Login:
    """A sign-in under way: ``acme auth login --json``."""

    def __init__(self, home: Path, *arguments: str, environment: dict[str, str]) -> None:
        self.moments: list[float] = []
        self.log = home / "login.log"
        with self.log.open("w") as log:
            self.child = Child(
                [sys.executable, str(PROGRAM), "auth", "login", "--json", *arguments],
                environment,
                on_line=lambda line: self.moments.append(time.perf_counter()),
                log=log,
            )
        first = self.child.first_line(seconds=PATIENCE_SECONDS)
        assert first, self.log.read_text()
        self.verification: dict[str, Any] = json.loads(first)

    @property
    def url(self) -> str:
        """Where the person has to go."""
        url: str = self.verification["url"]
        return url

    @property
    def user_code(self) -> str:
        code: str = self.verification["user_code"]
        return code

    @property
    def waiting(self) -> bool:
        return self.child.running

    def signal(self, number: signal.Signals) -> None:
        """Stop the process or have it go on."""
        os.kill(self.child.pid, number)

    def ending(self) -> dict[str, Any]:
        """Wait for the end and return its event: ``signed_in`` or ``failed``."""
        status = self.child.wait(seconds=PATIENCE_SECONDS)
        assert status is not None, f"still waiting; {self.log.read_text()}"
        event: dict[str, Any] = json.loads(self.child.lines[-1])
        assert (event["event"] == "signed_in") == (status == 0)
        return event


@dataclass(frozen=True)
class Acme:
    """``acme`` on one computer.

    Attributes:
        issuer: Where it signs in.
        home: The home directory of whoever runs it.
        browser: Whether a browser can be opened on that computer; where it leads is the test's.
    """

    issuer: str
    home: Path
    browser: bool = True
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_FROM_OUTSIDE if name in os.environ}
        # One that opens nothing: the tests take the link to the browser themselves.
        browser = {"BROWSER": "true"} if self.browser else {"SSH_CONNECTION": "198.51.100.7 22"}
        return {
            **kept,
            **browser,
            "HOME": str(self.home),
            "TZ": "UTC",
            "PYTHONWARNINGS": "error",
            "ACME_ISSUER": self.issuer,
            **self.variables,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``acme`` to its end."""
        return subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @contextmanager
    def login(self, *arguments: str) -> Iterator[Login]:
        """Start to sign in; given up when the block ends."""
        login = Login(self.home, *arguments, environment=self.environment)
        try:
            yield login
        finally:
            login.child.end()

    @property
    def signed_in(self) -> bool:
        """Whether the program has a session."""
        status = self.run("auth", "status", "--json")
        found: bool = json.loads(status.stdout)["signed_in"]
        return found
