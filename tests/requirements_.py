"""What some tests want from the machine, and what to say when it is not there.

A newcomer without Chromium or PostgreSQL should still see a green suite, with one line for each
missing part. In CI the same absence is a failure: set ``KEYTURN_REQUIRE_ALL=1``.
"""

import glob
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One part of the machine: how to find it, and the Debian packages that bring it."""

    find: Callable[[], str | None]
    packages: str


def _program(*names: str) -> Callable[[], str | None]:
    return lambda: next((path for name in names if (path := shutil.which(name))), None)


def _all_programs(*names: str) -> Callable[[], str | None]:
    """Find the first program, provided that every other one is there as well."""
    return lambda: shutil.which(names[0]) if all(map(shutil.which, names)) else None


def _postgres_bin() -> str | None:
    """Return the folder of the newest PostgreSQL server; Debian keeps it off PATH."""
    if initdb := shutil.which("initdb"):
        return os.path.dirname(os.path.realpath(initdb))
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    newest = max(found, key=lambda path: int(path.split("/")[4]), default=None)
    return newest and os.path.dirname(newest)


REQUIREMENTS = {
    "chromium": Requirement(
        find=_program("chromium", "chromium-browser", "google-chrome"), packages="chromium"
    ),
    "secret-service": Requirement(
        find=_all_programs("gnome-keyring-daemon", "dbus-run-session", "secret-tool"),
        packages="gnome-keyring dbus libsecret-tools",
    ),
    "postgres": Requirement(find=_postgres_bin, packages="postgresql"),
    "strace": Requirement(find=_program("strace"), packages="strace"),
    "systemd-analyze": Requirement(find=_program("systemd-analyze"), packages="systemd"),
    "setpriv": Requirement(find=_program("setpriv"), packages="util-linux"),
    "tmux": Requirement(find=_program("tmux"), packages="tmux"),
    "node": Requirement(find=_program("node"), packages="nodejs"),
    "npm": Requirement(find=_program("npm"), packages="npm"),
    "uv": Requirement(find=_program("uv"), packages="pipx && pipx install uv"),
}


def require(name: str) -> str:
    """Return where the part called ``name`` is, else skip, else fail under KEYTURN_REQUIRE_ALL.

    Returns a path: the program, or for ``postgres`` the folder of its server programs.
    """
    requirement = REQUIREMENTS[name]
    if found := requirement.find():
        return found
    go_without(f"{name} is not here; on Debian: apt-get install {requirement.packages}")


def go_without(missing: str) -> NoReturn:
    """Skip for the reason given, or fail under KEYTURN_REQUIRE_ALL."""
    if os.environ.get("KEYTURN_REQUIRE_ALL") == "1":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def rounds(*, bounded: int, full: int, ci: int | None = None) -> int:
    """Return how often a sweep repeats: ``full`` under `make faults`, else ``bounded``.

    KEYTURN_FAULTS=ci stands between: what `.ci/run` repeats ``ci`` times beside the suite.
    """
    chosen = {"full": full, "ci": bounded if ci is None else ci}
    return chosen.get(os.environ.get("KEYTURN_FAULTS", ""), bounded)


if __name__ == "__main__":  # says by its exit status whether a part is here
    sys.exit(0 if REQUIREMENTS[sys.argv[1]].find() else 1)
