"""Other people's servers, installed once into the user's cache at the versions pinned here.

Only package registries are asked, through their own clients: npm, PyPI (uv), Debian (apt-get).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

RIVALS = Path(__file__).parent / "rivals"
_SECONDS = 400


class Absent(Exception):
    """Why a part does not take part."""


def node_packages(name: str, *, builds: Sequence[str] = ()) -> Path:
    """Return a folder with what ``rivals/NAME/package-lock.json`` says, and its native parts built.

    Args:
        name: The folder that has the lock file.
        builds: Packages whose own install step compiles them. All others' steps are not run.

    Raises:
        Absent: npm, a compiler or the registry is not there.
    """
    npm, lock = _program("npm"), RIVALS / name / "package-lock.json"
    folder = _folder(name, lock)
    if (folder / "installed").exists():
        return folder
    for file in ("package.json", "package-lock.json"):
        shutil.copy(RIVALS / name / file, folder / file)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    _run([npm, "ci", "--ignore-scripts", "--fetch-timeout=30000", *quiet], folder)
    for package in builds:
        # From its source: a compiled one would come from somewhere that is no registry.
        _run([npm, "rebuild", package, "--build-from-source", *quiet], folder)
    (folder / "installed").touch()
    return folder


def python_packages(name: str) -> Path:
    """Return the interpreter of an environment with what ``rivals/NAME/requirements.txt`` says.

    Raises:
        Absent: uv or the index is not there.
    """
    uv, pins = _program("uv"), RIVALS / name / "requirements.txt"
    folder = _folder(name, pins)
    python = folder / "venv" / "bin" / "python"
    if not (folder / "installed").exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", "3.11", "venv"], folder)
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
        _run([*install, "-r", str(pins)], folder)
        (folder / "installed").touch()
    return python


def debian_packages(name: str) -> Path:
    """Return a folder in which the packages of ``rivals/NAME/packages.txt`` lie unpacked.

    Nothing is installed: whatever else they need has to be on this machine. Their versions are
    those of its Debian.

    Raises:
        Absent: this is no Debian, or not one that has them.
    """
    apt_get, dpkg_deb = _program("apt-get"), _program("dpkg-deb")
    names = RIVALS / name / "packages.txt"
    folder = _folder(name, names)
    if (folder / "installed").exists():
        return folder
    _run([apt_get, "download", *names.read_text().split()], folder)
    for package in folder.glob("*.deb"):
        _run([dpkg_deb, "-x", str(package), "."], folder)
    (folder / "installed").touch()
    return folder


def _folder(name: str, pins: Path) -> Path:
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "keyturn-bench" / f"{name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    raise Absent(f"{name} is not installed")


def _run(command: Sequence[str], folder: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Absent(f"no end of installing within {_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it failed"]
        raise Absent(f"cannot be installed: {said[-1].strip()}")
