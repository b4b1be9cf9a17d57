"""What several parts need: a real server, the sample program, and somebody who signs it in."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from keyturn.cli.demo.child import Child
from keyturn.net.page import Page, read_page

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "examples" / "minimal_cli" / "acme.py"
LOGIN = [sys.executable, str(PROGRAM), "auth", "login", "--json", "--force"]
PATIENCE_SECONDS = 30.0


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """Run ``keyturn serve`` with a temporary database and yield its base URL."""
    environment = {f"KEYTURN_{name.upper()}": value for name, value in settings.items()}
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as folder:
        with (Path(folder) / "log").open("w") as log:
            child = Child(
                [
                    sys.executable,
                    "-m",
                    "keyturn",
                    "serve",
                    "--port",
                    "0",
                    "--data",
                    f"{folder}/data",
                ],
                {**os.environ, **environment},
                log=log,
                own_group=True,
            )
        try:
            line = child.first_line(seconds=PATIENCE_SECONDS)
            assert line.startswith("Keyturn is ready at "), (Path(folder) / "log").read_text()
            yield line.split()[-1]
        finally:
            child.end()


class Person:
    """Somebody with an account and a browser without script."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.client = httpx2.Client(timeout=PATIENCE_SECONDS)
        self.page = self.open(f"{base}/sign-up")
        self.press("Create account", email="ada@example.com", password="correct horse battery")

    def open(self, url: str) -> Page:
        """Go to an address, through redirects."""
        answer = self.client.get(url, follow_redirects=True)
        self.page = read_page(answer.text, url=str(answer.url), status=answer.status_code)
        return self.page

    def press(self, text: str, **typed: str) -> tuple[float, httpx2.Response]:
        """Press a button; return when its answer was there, and the answer, not yet followed."""
        form, button = self.page.button(text)
        fields = {**form.hidden, **typed, **({button.name: button.value} if button.name else {})}
        answer = self.client.post(
            urljoin(self.page.url, form.action), data=fields, headers={"Origin": self.base}
        )
        answered = time.perf_counter()
        assert answer.status_code in (200, 303), answer.text
        return answered, answer


class SignIn:
    """``acme auth login --json`` as a process; it knows when each line came."""

    def __init__(
        self, base: str, home: Path, *, device: bool, storage: str = "auto", bus: str | None = None
    ) -> None:
        self.moments: list[float] = []
        with (home / "log").open("w") as log:
            self._child = Child(
                [*LOGIN, "--storage", storage],
                environment(base, home, device=device, bus=bus),
                on_line=lambda line: self.moments.append(time.perf_counter()),
                log=log,
            )
        self.where = json.loads(self._child.first_line(seconds=PATIENCE_SECONDS))
        assert "url" in self.where, (self.where, (home / "log").read_text())

    def signed_in_at(self) -> float:
        """Wait for the end; return when the program said that it is signed in."""
        assert self._child.wait(seconds=PATIENCE_SECONDS) == 0, self._child.lines
        return self.moments[-1]


def environment(
    base: str, home: Path, *, device: bool = False, bus: str | None = None
) -> dict[str, str]:
    """Return the environment of ``acme`` on a computer of its own."""
    browser = {"SSH_CONNECTION": "198.51.100.7 22"} if device else {"BROWSER": "true"}
    if bus is not None:
        browser["DBUS_SESSION_BUS_ADDRESS"] = bus
    return {"PATH": os.environ["PATH"], "HOME": str(home), "ACME_ISSUER": base, **browser}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        print("  " + "   ".join(cells))


def percentile(values: Sequence[float], part: int) -> float:
    """Return the value below which ``part`` per cent of them lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]
