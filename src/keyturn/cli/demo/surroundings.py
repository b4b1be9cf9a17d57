"""Where the demo's child processes run: which program, and in which environment."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.net.browser import look_around

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.net.browser import Place

# What a program needs to start at all. The rest stays outside, so that nothing set on this machine
# changes what a run by itself shows.
_KEPT = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "NO_COLOR", "LD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONWARNINGS", "COVERAGE_PROCESS_START", "SYSTEMROOT", "TEMP"),
)
_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[3] / "examples" / "minimal_cli" / "acme.py"
_SHIPPED = _HERE / "sample" / "acme.py"  # the same file; the wheel is built with a copy


def sample_program() -> Path | None:
    """Return the sample program: the checkout's, else the copy that the package ships."""
    return next((path for path in (_CHECKOUT, _SHIPPED) if path.is_file()), None)


def plays_by_itself(environ: Mapping[str, str]) -> bool:
    """Say whether nobody is there to play the person, or AUTO asks for a run without one."""
    if environ.get("AUTO", "") not in ("", "0"):
        return True
    return not (_is_terminal(0) and _is_terminal(1))


def place(environ: Mapping[str, str]) -> Place:
    """Say whether a browser can be opened here, as the sample program will find."""
    return look_around(environ)


def again_by_itself(environ: Mapping[str, str]) -> str:
    """Return what to type to have the demo run without a person."""
    return "AUTO=1 make demo" if environ.get("MAKELEVEL") else "AUTO=1 keyturn demo"


def server_environment(*, token_seconds: int) -> dict[str, str]:
    """Return the server's environment: none of the settings of a server of one's own."""
    return {**_kept(), "KEYTURN_ACCESS_TOKEN_SECONDS": str(token_seconds)}


def program_environment(folder: Path, *, issuer: str, link_file: Path | None) -> dict[str, str]:
    """Return the sample program's environment.

    Args:
        folder: Where its state goes.
        issuer: Where it signs in.
        link_file: Where its browser leaves the link: a run by itself, in a home of its own.
            ``None``: it runs as the person at the terminal, whose browser it opens.
    """
    ours = {"ACME_ISSUER": issuer, "ACME_CLIENT_ID": "keyturn-cli"}
    if link_file is None:
        theirs = {name: text for name, text in os.environ.items() if not name.startswith("ACME_")}
        # A whole new HOME would have the person's browser start without its settings.
        return {**theirs, **_unproxied(), **ours, "ACME_HOME": str(folder / "acme")}
    browser = [sys.executable, "-P", "-m", "keyturn.cli.demo.handover", str(link_file)]
    home = folder / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    return {**_kept(), **ours, "HOME": str(home), "BROWSER": shlex.join(browser)}


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _unproxied() -> dict[str, str]:
    """Keep the program's calls to this computer away from a proxy."""
    return dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:  # closed
        return False
