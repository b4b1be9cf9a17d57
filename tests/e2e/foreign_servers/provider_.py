"""node-oidc-provider, installed once into the user's cache at the versions of its lock file."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.installed_ import npm_locked
from tests.requirements_ import require

HERE = Path(__file__).parent / "oidc_provider"


@dataclass(frozen=True)
class Provider:
    """A running provider.

    Attributes:
        issuer: Where it is.
    """

    issuer: str

    def seen(self) -> dict[str, Any]:
        """Return what happened: ``grants`` and ``refused``, ``registered`` clients, in order.

        And how many grants were ``revoked``.
        """
        with urllib.request.urlopen(f"{self.issuer}/seen", timeout=10) as reply:  # noqa: S310
            seen: dict[str, Any] = json.loads(reply.read())
        return seen

    def forget(self, client_id: str) -> None:
        """Delete a client there."""
        url = f"{self.issuer}/forget?{client_id}"
        with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310
            reply.read()


@contextmanager
def providing() -> Iterator[Provider]:
    """Run the provider until the block ends."""
    node, folder = require("node"), npm_locked("oidc-provider", HERE)
    process = subprocess.Popen(
        [node, str(HERE / "server.mjs")],
        env={**os.environ, "FOREIGN_FOLDER": str(folder), "NO_UPDATE_NOTIFIER": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:  # closes its stdin at the end, upon which it leaves
        assert process.stdout is not None
        # What it says of its own settings, which are a test's, comes first.
        port = next((line for line in process.stdout if line.strip().isdecimal()), "")
        assert port, "the provider did not start"
        yield Provider(f"http://127.0.0.1:{port.strip()}")
