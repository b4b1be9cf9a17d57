"""A program called acme in a home of its own, signing in at a real server: what the tests type."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.client.commands.terminal_ import Terminal
from tests.issuers_.issuer_ import CLIENT_ID, Issuer

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PROGRAMS = {
    "argparse": ROOT / "examples" / "minimal_cli" / "acme.py",
    "click": HERE / "acme_click_.py",
    "typer": HERE / "acme_typer_.py",
    "loopback": HERE / "acme_loopback_.py",
}
KEPT_FROM_OUTSIDE = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START", "PYTHONPATH")


@dataclass
class Acme:
    """One person's machine.

    Attributes:
        server: Where acme signs in.
        home: The home directory; acme's state lies in ``.local/state/acme`` under it.
        framework: Which build of acme is typed.
    """

    server: Issuer
    home: Path
    framework: str = "argparse"
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def argv(self) -> list[str]:
        return [sys.executable, str(PROGRAMS[self.framework])]

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "acme"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_FROM_OUTSIDE if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "TZ": "UTC",
            "PYTHONWARNINGS": "error",
            "ACME_ISSUER": self.server.url,
            "ACME_CLIENT_ID": CLIENT_ID,
            **self.variables,
        }

    def with_browser(self) -> None:
        """Give the machine a browser; what the person does there is ``server.decision``."""
        self.framework = "loopback"
        script = self.home / "browser"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "browse_.py"}" "$1"\n')
        script.chmod(0o755)
        self.variables["BROWSER"] = str(script)

    def run(
        self, *arguments: str, stdin: str = "", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run ``acme`` without a terminal, to its end."""
        return subprocess.run(
            [*self.argv, *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            **options,
        )

    def auth(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``acme auth ...`` without a terminal, to its end."""
        return self.run("auth", *arguments, **options)

    def terminal(self, *arguments: str, **options: Any) -> Terminal:
        """Start ``acme auth ...`` on a terminal."""
        return Terminal([*self.argv, "auth", *arguments], env=self.env, **options)

    def sign_in(self, **changes: Any) -> None:
        """Sign in through the browser, the fastest way; ``changes`` stay with the server."""
        for name, value in changes.items():
            setattr(self.server, name, value)
        elsewhere = Acme(self.server, self.home)
        elsewhere.with_browser()
        done = elsewhere.auth("login", "--force")
        assert done.returncode == 0, done.stderr

    def stored(self) -> str:
        """Return every byte of acme's state as text."""
        files = sorted(path for path in self.state.rglob("*") if path.is_file())
        return "\n".join(path.read_text() for path in files)

    def stored_secrets(self) -> list[str]:
        """Return what of the server's tokens and codes lies in acme's state."""
        stored = self.stored()
        return [secret for secret in self.server.secrets() if secret in stored]


def documents(text: str) -> list[dict[str, Any]]:
    """Read newline-delimited JSON."""
    return [json.loads(line) for line in text.splitlines()]
