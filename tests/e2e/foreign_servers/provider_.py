"""node-oidc-provider, installed once into the user's cache at the versions of its lock file."""

import hashlib
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.requirements_ import go_without, require

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


def install() -> Path:
    """Return the folder in which the provider is installed; skip where npm cannot bring it."""
    npm = require("npm")
    lock = HERE / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "keyturn-tests" / f"oidc-provider-{digest}"
    if (folder / "installed").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run = subprocess.run(
        [npm, "ci", *quiet, "--fetch-timeout=30000"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if run.returncode:
        go_without(f"npm cannot install oidc-provider: {run.stderr.strip()[-300:]}")
    (folder / "installed").touch()
    return folder


@contextmanager
def providing() -> Iterator[Provider]:
    """Run the provider until the block ends."""
    node, folder = require("node"), install()
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
