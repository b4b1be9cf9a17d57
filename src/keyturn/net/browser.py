"""Starting a browser: detached, never waited for, and never one that takes over the terminal.

``webbrowser`` is not used: it reports success when nothing opened, waits for a browser in the
foreground, and starts a text browser on an SSH host.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT_BROWSERS = frozenset(
    {"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", "chawan"}
)
# Variables that keep a browser on the person's own screen away from us, or us away from it.
_REMOTE_SHELL = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_FORWARDED = (
    "CODESPACES",
    "REMOTE_CONTAINERS",
    "GITPOD_WORKSPACE_ID",
    "CLOUD_SHELL",
    "VSCODE_IPC_HOOK_CLI",
)
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whether a browser that is opened here can come back to a loopback port here, and why."""

    has_browser: bool
    reason: str


def look_around(environ: Mapping[str, str]) -> Place:
    """Find out whether the person sits before a browser on this computer (K-40)."""
    why_not = _why_no_browser(environ)
    if why_not is not None:
        return Place(has_browser=False, reason=why_not)
    return Place(has_browser=True, reason="a browser can be opened here")


def _why_no_browser(environ: Mapping[str, str]) -> str | None:
    if any(environ.get(name) for name in _REMOTE_SHELL):
        return "this is a remote shell"
    if any(environ.get(name) for name in _FORWARDED):
        return "the browser here is forwarded to another computer"
    if _named_browsers(environ):
        return None  # Somebody set BROWSER up for this very place.
    if environ.get("KUBERNETES_SERVICE_HOST") or any(map(os.path.exists, _CONTAINER_FILES)):
        return "this is a container"
    if environ.get("CI"):
        return "this is an unattended run (CI)"
    return None if _openers(environ) else "no browser was found here"


def open_url(url: str, environ: Mapping[str, str]) -> bool:
    """Start a browser on ``url`` and return at once; say whether one was started.

    True is no proof that a window appeared, so the link must always be shown as well. Only http
    and https addresses are opened, and never through a shell.
    """
    if not is_openable(url):
        return False
    if sys.platform == "win32":
        return _open_on_windows(url)
    child_environ = _without_secrets(environ)
    return any(_start([*command, url], child_environ) for command in _openers(environ))


def is_openable(url: str) -> bool:
    """Say whether ``url`` is an http(s) address that cannot be taken for an option or a command."""
    return url.startswith(("https://", "http://")) and all("!" <= c <= "~" for c in url)


def _openers(environ: Mapping[str, str]) -> list[list[str]]:
    """Return what can open a link here, best first, each as the beginning of an argument list."""
    if sys.platform == "win32":
        return [["windows"]]
    commands = _named_browsers(environ)
    if sys.platform == "darwin":
        return [*commands, ["/usr/bin/open"]]
    path = environ.get("PATH")
    if _is_wsl(environ):
        # Windows' own way of opening a link; `cmd /c start` would stumble over & and %.
        rundll = shutil.which("rundll32.exe", path=path)
        commands += [[rundll, "url.dll,FileProtocolHandler"]] if rundll else []
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        desktop = shutil.which("xdg-open", path=path)
        commands += [[desktop]] if desktop else []
    return commands


def _named_browsers(environ: Mapping[str, str]) -> list[list[str]]:
    """Return the commands that BROWSER names, a list of them in order of preference."""
    named = [_named_browser(part) for part in environ.get("BROWSER", "").split(os.pathsep)]
    return [command for command in named if command is not None]


def _named_browser(setting: str) -> list[str] | None:
    """Return the command of one part of BROWSER; a ``%s`` word at its end stands for the link."""
    try:
        words = [word for word in shlex.split(setting) if word != "%s"]
    except ValueError:
        return None
    if not words or "%s" in setting.replace(" %s", ""):
        return None
    program = shutil.which(words[0])
    if program is None or os.path.basename(words[0]) in _TEXT_BROWSERS:
        return None
    return [program, *words[1:]]


def _is_wsl(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("WSL_DISTRO_NAME") or environ.get("WSL_INTEROP"))


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep tokens, such as the one that rules this program, out of the browser's environment."""
    return {
        name: value
        for name, value in environ.items()
        if not name.endswith("_TOKEN") or name == "XDG_ACTIVATION_TOKEN"
    }


def _start(command: list[str], environ: dict[str, str]) -> bool:
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument list; is_openable has seen the link
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environ,
        )
    except OSError:
        return False
    # Collects the exit status, so that no zombie stays while the sign-in waits.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def _open_on_windows(url: str) -> bool:
    try:
        os.startfile(url)  # type: ignore[attr-defined,unused-ignore]  # noqa: S606
    except OSError:
        return False
    return True
