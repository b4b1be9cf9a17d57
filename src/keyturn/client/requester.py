"""What a program says of itself and of the computer it runs on, so that a person recognises it.

These are claims: the server shows them as such, and they prove nothing.
"""

from __future__ import annotations

import platform
import socket

from keyturn.protocol.display import printable

_LIMIT = 64  # characters; longer ones are refused


def about(program: str) -> dict[str, str]:
    """Return host_name, system and program, as authorization requests may carry them."""
    facts = {"host_name": host_name(), "system": system(), "program": program}
    shown = {name: printable(value, limit=_LIMIT) for name, value in facts.items()}
    return {name: value for name, value in shown.items() if value}


def user_agent(program: str) -> str:
    """Return the User-Agent of every request: program, library and system."""
    return f"{_token(program)} keyturn/{_version()} ({_marked_system()})"


def stack_user_agent(program: str) -> str:
    """Return the User-Agent that a Stack-compatible confirm page reads the computer from."""
    return f"{_token(program)} keyturn/{_version()} ({_marked_system()}; {_token(host_name())})"


def host_name() -> str:
    """Return this computer's name, without its domain; empty where it has none."""
    try:
        return socket.gethostname().partition(".")[0]
    except OSError:
        return ""


def system() -> str:
    """Return the operating system's usual name."""
    name = platform.system()
    return {"Darwin": "macOS"}.get(name, name) or "unknown system"


def _marked_system() -> str:
    """Return the system in the words that readers of User-Agents look for."""
    return {"macOS": "Mac OS X"}.get(system(), _token(system()))


def _version() -> str:
    from keyturn import __version__

    return __version__


def _token(text: str) -> str:
    """Return ``text`` with nothing in it that could end a comment or a header."""
    fit = "".join(c if " " <= c <= "~" and c not in "();\\" else "-" for c in text)
    return fit[:_LIMIT] or "-"
