"""Where a page may send somebody afterwards: to a known page of ours, and nowhere else. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from keyturn.server.oauth.asked import LONGEST_NUMBER, SINCE

CLI_CONFIRM = "/handler/cli-auth-confirm"
# On the way to the confirm page: turn the attached guest into the new account.
KEEP_GUEST = "keep=guest"
_PAGES = frozenset(
    {"/oauth/authorize", "/device", "/device/confirm", "/sessions", "/password", CLI_CONFIRM}
)
_PROJECT = re.compile(r"^/p/([A-Za-z0-9._-]{1,128})(?=/)")
_LONGEST = 8192


def safe_continue(path: str | None) -> str | None:
    """Return ``path`` if it is the path, with a query or not, of one of our own pages.

    Anything a browser could read as another host is refused: a second slash, a backslash, a
    scheme, white space or control characters anywhere (threat T-8).
    """
    if not path or len(path) > _LONGEST or not path.startswith("/") or path.startswith("//"):
        return None
    if "\\" in path or any(ord(c) <= 0x20 or ord(c) >= 0x7F for c in path):
        return None
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or parts.fragment:
        return None
    return path if _PROJECT.sub("", parts.path) in _PAGES else None


def keeps_guest(path: str | None) -> bool:
    """Say whether whoever signs up on the way to ``path`` keeps the work of a program's guest."""
    parts = urlsplit(path or "")
    return _PROJECT.sub("", parts.path) == CLI_CONFIRM and parts.query == KEEP_GUEST


def is_waiting(path: str | None) -> bool:
    """Say whether a terminal waits for what comes after signing in."""
    page = _PROJECT.sub("", urlsplit(path or "").path)
    return page in ("/oauth/authorize", "/device", "/device/confirm", CLI_CONFIRM)


def authenticated_since(path: str | None) -> int:
    """Return from when on a sign-in is fresh enough for ``path``; 0: whenever. Milliseconds."""
    text = _authorization(path).get(SINCE, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def login_hint(path: str | None) -> str | None:
    """Return whom the client at the end of ``path`` expects, in its words."""
    return _authorization(path).get("login_hint")


def _authorization(path: str | None) -> dict[str, str]:
    parts = urlsplit(path or "")
    if parts.path != "/oauth/authorize":
        return {}
    return {name: values[0] for name, values in parse_qs(parts.query).items()}
