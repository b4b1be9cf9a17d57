"""Find the Python interpreters of this machine.

Runs on any Python 3: it is what looks for a Python new enough for the rest. Candidates are
started before they are believed, since a version manager's shim may name a Python it lacks.
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Version = tuple[int, int, int]

OLDEST = (3, 11)
_NAME = re.compile(r"^python3(\.\d+)?$")
_PROBE = "import sys; v = sys.version_info; print(v[0], v[1], v[2], v.releaselevel, sys.executable)"
_ELSEWHERE = (
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/cpython-*/bin",
    "~/.asdf/installs/python/*/bin",
    "/opt/python/*/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
)


def find() -> list[tuple[Version, str]]:
    """Return ``[((major, minor, micro), path), ...]`` of released CPythons, oldest first.

    Of several with one version the first on PATH is listed; those older than OLDEST are not.
    """
    found: dict[Version, str] = {}
    for path in _candidates():
        version = _version_of(path)
        if version and version >= OLDEST:
            found.setdefault(version, path)
    return sorted(found.items())


def _candidates() -> Iterator[str]:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for pattern in _ELSEWHERE:
        folders += sorted(glob.glob(os.path.expanduser(pattern)))
    inside_venv = os.path.dirname(sys.executable) if sys.prefix != sys.base_prefix else None
    seen: set[str] = set()
    for folder in folders:
        if folder == inside_venv or not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if _NAME.match(name) and os.path.realpath(path) not in seen:
                seen.add(os.path.realpath(path))
                yield path


def _version_of(path: str) -> Version | None:
    """Return ``(major, minor, micro)``, or None if ``path`` is no released Python that starts."""
    try:
        run = subprocess.run([path, "-I", "-c", _PROBE], capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = run.stdout.decode(errors="replace").split()
    if run.returncode != 0 or len(words) < 4 or words[3] != "final":
        return None
    return int(words[0]), int(words[1]), int(words[2])


if __name__ == "__main__":
    for version, path in find():
        print(".".join(map(str, version)), path)
