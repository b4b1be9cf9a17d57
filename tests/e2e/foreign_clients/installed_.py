"""The foreign libraries, installed once into the user's cache at the versions pinned here."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.requirements_ import go_without, require

HERE = Path(__file__).parent
_TIMEOUT_SECONDS = 300


def node_packages() -> Path:
    """Return the folder that has openid-client and oauth4webapi; skip without npm."""
    npm, lock = require("npm"), HERE / "node" / "package-lock.json"
    folder = _folder("foreign-node", lock)
    if not (folder / "installed").exists():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, folder / name)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _run(
            [npm, "ci", *quiet, "--fetch-timeout=30000", "--fetch-retries=1"],
            folder,
            "openid-client",
        )
        (folder / "installed").touch()
    return folder


def python() -> Path:
    """Return a Python that has Authlib, requests-oauth2client and mcp; skip without uv."""
    uv, pins = require("uv"), HERE / "python" / "requirements.txt"
    folder = _folder("foreign-python", pins)
    found = folder / "venv" / "bin" / "python"
    if not (folder / "installed").exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", "3.11", "venv"], folder, "a venv")
        to = ("--quiet", "--python", str(found), "-r", str(pins))
        _run([uv, "pip", "install", *to], folder, "Authlib and its kin")
        (folder / "installed").touch()
    return found


def _folder(name: str, pins: Path) -> Path:
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "keyturn-tests" / f"{name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(command: list[str], folder: Path, what: str) -> None:
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if run.returncode:
        go_without(f"{what} cannot be installed: {run.stderr.strip()[-300:]}")
