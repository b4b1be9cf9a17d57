"""Prepare a virtual environment from uv.lock; do nothing when it is there already.

    python3 tools/setup.py              .venv, on the oldest supported Python found
    python3 tools/setup.py --newest     .venv-newest, on the newest Python found, if that is another
    python3 tools/setup.py --node       node into .venv, if this machine has none (pyright needs it)

Assumes a Python and a package index. uv is taken from PATH, else fetched into .venv-tools.
Runs on any Python 3, so that an old one can say which version is needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

import interpreters

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(ROOT, ".venv-tools")
STAMP = ".keyturn-setup-stamp"
SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def main() -> None:
    """Prepare the environment asked for on the command line."""
    if "--node" in sys.argv[1:]:
        add_node()
    else:
        prepare(newest="--newest" in sys.argv[1:])


def prepare(*, newest: bool) -> None:
    """Bring .venv (or .venv-newest) to what uv.lock says."""
    venv = os.path.join(ROOT, ".venv-newest" if newest else ".venv")
    stamp = os.path.join(venv, STAMP)
    wanted = _fingerprint()
    if _read(stamp) == wanted and os.path.exists(os.path.join(venv, "bin", "python")):
        return
    oldest_python, newest_python = _choose()
    if newest and newest_python == oldest_python:
        return
    _sync(venv, "--all-extras", "--python", newest_python if newest else oldest_python)
    with open(stamp, "w") as file:
        file.write(wanted)
    print(f"ready: {os.path.relpath(venv, ROOT)}", file=sys.stderr)


def add_node() -> None:
    """Put node into .venv from its wheel, unless there is one on PATH."""
    if shutil.which("node") is None:
        _sync(os.path.join(ROOT, ".venv"), "--inexact", "--only-group", "node")


def _sync(venv: str, *options: str) -> None:
    env = dict(os.environ, UV_PROJECT_ENVIRONMENT=venv, UV_PYTHON_DOWNLOADS="never")
    env.pop("VIRTUAL_ENV", None)
    # Where the machine keeps its own list of authorities, a company's proxy may be on it.
    if os.path.exists(SYSTEM_CERTIFICATES):
        env.setdefault("UV_SYSTEM_CERTS", "1")
    command = [find_uv() or _fetch_uv(), "sync", "--quiet", "--frozen"]
    subprocess.run([*command, *options], cwd=ROOT, env=env, check=True)


def _fingerprint() -> str:
    """Return what the environment depends on: the lock, the project file, where it lies."""
    digest = hashlib.sha256(ROOT.encode())
    for name in ("uv.lock", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def _read(path: str) -> str | None:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def _choose() -> tuple[str, str]:
    """Return the oldest supported interpreter and the newest; the same one where there is one."""
    found = interpreters.find()
    if not found:
        needed = ".".join(map(str, interpreters.OLDEST))
        raise SystemExit(f"Keyturn needs Python {needed} or newer; none was found.")
    # Among patch releases of one version the latest: 3.11.7 before 3.11.2.
    oldest = [entry for entry in found if entry[0][:2] == found[0][0][:2]]
    return oldest[-1][1], found[-1][1]


def find_uv() -> str | None:
    """Return a uv that starts, or None; a version manager's shim may be there and not start."""
    for path in (shutil.which("uv"), *_fetched_uv()):
        if path and os.path.exists(path):
            run = subprocess.run([path, "--version"], capture_output=True)
            if run.returncode == 0:
                return path
    return None


def _fetched_uv() -> list[str]:
    return [os.path.join(TOOLS, "bin", "uv"), os.path.join(TOOLS, "lib", "bin", "uv")]


def _fetch_uv() -> str:
    """Install uv into .venv-tools, by whichever of pip's homes this Python has."""
    print("uv is not here; fetching it into .venv-tools", file=sys.stderr)
    for attempt in (_by_venv, _by_pip, _by_pip_from_index):
        uv = find_uv() if attempt() else None
        if uv:
            return uv
    raise SystemExit("Could not fetch uv. Install it (https://docs.astral.sh/uv/) and try again.")


def _quietly(*command: str, env: dict[str, str] | None = None) -> bool:
    return subprocess.run(command, capture_output=True, env=env).returncode == 0


def _by_venv() -> bool:
    made = _quietly(sys.executable, "-m", "venv", TOOLS)
    pip = os.path.join(TOOLS, "bin", "pip")
    return made and _quietly(pip, "install", "--quiet", "uv")


def _by_pip() -> bool:
    """Without ensurepip (Debian's python3 without python3-venv): pip into a folder."""
    target = os.path.join(TOOLS, "lib")
    return _quietly(sys.executable, "-m", "pip", "install", "--quiet", "--target", target, "uv")


def _by_pip_from_index() -> bool:
    """Without any pip: a wheel of pip runs as it is, straight from the index."""
    wheel = _download_pip()
    target = os.path.join(TOOLS, "lib")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", target, "uv"]
    return _quietly(*command, env=dict(os.environ, PYTHONPATH=wheel))


def _download_pip() -> str:
    """Fetch pip's newest wheel by the simple index (PEP 503), checked against its SHA-256."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    with urllib.request.urlopen(index + "/pip/") as reply:
        page, address = reply.read().decode(), reply.geturl()
    wheel = r'href="([^"#]*/(pip-[\d.]+-py3-none-any\.whl))#sha256=([0-9a-f]{64})"'
    url, name, checksum = re.findall(wheel, page)[-1]
    with urllib.request.urlopen(urllib.parse.urljoin(address, url)) as reply:
        content = reply.read()
    if hashlib.sha256(content).hexdigest() != checksum:
        raise SystemExit("The index sent a pip that does not match its own checksum.")
    os.makedirs(TOOLS, exist_ok=True)
    path = os.path.join(TOOLS, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


if __name__ == "__main__":
    main()
