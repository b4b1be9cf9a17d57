"""A real ``keyturn serve`` process, for tests that need one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

_COMMAND = "import sys; from keyturn.cli import main; sys.exit(main())"


@dataclass(frozen=True, kw_only=True)
class Served:
    """One running server; its log is a file, so that a long one blocks nobody."""

    base: str
    data: Path
    process: subprocess.Popen[str]
    log_file: Path

    @property
    def port(self) -> int:
        port = urlsplit(self.base).port
        assert port is not None
        return port

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def keys(self, project_id: str = "default") -> dict[str, str]:
        """Return the keys that the first start wrote down."""
        text = (self.data / f"project-{project_id}-keys.json").read_text()
        found: dict[str, str] = json.loads(text)
        return found

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request on a connection of its own; redirects are not followed."""
        return httpx2.request(method, self.base + path, timeout=10, **options)

    def stop(self) -> int:
        """Ask the server to end and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def serving(folder: Path, *arguments: str, config: str = "", **settings: str) -> Iterator[Served]:
    """Start a server with its data in ``folder``; it is gone when the block ends.

    Args:
        folder: An empty folder.
        arguments: Of ``keyturn serve``.
        config: The text of its TOML file.
        settings: As ``rate_limits="off"``; they become variables.
    """
    file, log_file, data = folder / "keyturn.toml", folder / "server.log", folder / "data"
    file.write_text(config, encoding="utf-8")
    environ = {f"KEYTURN_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-c", _COMMAND, "serve", "--port", "0", "--data", str(data)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--config", str(file), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **environ},
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("Keyturn is ready at "), log_file.read_text()
            yield Served(base=line.split()[-1], data=data, process=process, log_file=log_file)
        finally:
            process.kill()
            process.communicate()
