"""What tests need of npm and PyPI: installed once, into a cache folder of the user.

Nothing goes into the repository. Several processes may come to install the same thing.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.requirements_ import go_without, require

_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_PATIENCE = ("--fetch-timeout=30000", "--fetch-retries=1")
_TIMEOUT_SECONDS = 300


def npm_package(name: str, package: str) -> Path:
    """Return a folder with one package, as ``esbuild@0.28.2``; skip where npm cannot bring it."""
    with _folder(name) as (folder, is_new):
        if is_new:
            (folder / "package.json").write_text('{"private": true}')
            _run([require("npm"), "install", *_QUIET, *_PATIENCE, package], folder)
    return folder


def npm_locked(name: str, manifest: Path) -> Path:
    """Return a folder with what the lock file in ``manifest`` pins; skip without npm."""
    with _folder(_pinned(name, manifest / "package-lock.json")) as (folder, is_new):
        if is_new:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(manifest / file, folder / file)
            _run([require("npm"), "ci", *_QUIET, *_PATIENCE], folder)
    return folder


def python_with(name: str, requirements: Path) -> Path:
    """Return a Python that has what a file of requirements pins; skip without uv."""
    with _folder(_pinned(name, requirements)) as (folder, is_new):
        python = folder / "venv" / "bin" / "python"
        if is_new:
            uv, pins = require("uv"), ("-r", str(requirements.resolve()))
            _run([uv, "venv", "--quiet", "--clear", "--python", "3.11", "venv"], folder)
            _run([uv, "pip", "install", "--quiet", "--python", str(python), *pins], folder)
    return python


def _pinned(name: str, pins: Path) -> str:
    return f"{name}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"


@contextmanager
def _folder(name: str) -> Iterator[tuple[Path, bool]]:
    """Yield a folder of the cache, and whether the block has to fill it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "keyturn-tests" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_new = not (folder / "installed").exists()
        yield folder, is_new
        if is_new:
            (folder / "installed").touch()


def _run(command: list[str], folder: Path) -> None:
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if run.returncode:
        go_without(f"{folder.name} cannot be installed: {run.stderr.strip()[-300:]}")
