"""Who gets a mail, what its plain text is, and when a failed attempt is repeated. Pure."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import TYPE_CHECKING, Literal

from keyturn.server.notifications import rules as notifications

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.accounts.rules import User

# What becomes of a delivery, and the reasons that published servers name for not sending.
Status = Literal["queued", "sent", "kept", "bounced", "failed", "skipped"]
USER_GONE, NO_ADDRESS, TURNED_OFF = "USER_ACCOUNT_DELETED", "NO_EMAIL_PROVIDED", "USER_UNSUBSCRIBED"
NOT_AN_ADDRESS, GAVE_UP = "LIKELY_NOT_DELIVERABLE", "GAVE_UP"
UNREACHABLE, DEFERRED = "SERVER_UNREACHABLE", "SERVER_DEFERRED"

MINUTE_MS = 60_000
# After the first, second, ... attempt that the mail server did not take; then it is given up.
PAUSES_MS = (MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * 60 * MINUTE_MS, 6 * 60 * MINUTE_MS)
HOUR_MS = 60 * MINUTE_MS
WINDOWS_MS = {
    "hour": HOUR_MS,
    "day": 24 * HOUR_MS,
    "week": 7 * 24 * HOUR_MS,
    "month": 30 * 24 * HOUR_MS,
}
_MARKUP = re.compile(r"<(?:!--|([/!?]?[a-zA-Z][a-zA-Z0-9]*))")
_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "div", "footer", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip


def why_skipped(
    user: User | None, category_id: str | None, chosen: Mapping[str, bool]
) -> str | None:
    """Return why a user is not to get a mail, or ``None`` if it is.

    Args:
        user: Whom it is for; ``None`` if there is no such user any more.
        category_id: What kind of mail it is, if that was said.
        chosen: What the user has turned on or off, by category id.
    """
    if user is None or user.disabled_at is not None:
        return USER_GONE
    category = notifications.by_id(category_id) if category_id else None
    if category is not None and not notifications.is_enabled(category, chosen):
        return TURNED_OFF
    return None if user.primary_email else NO_ADDRESS


def next_attempt(attempts: int, *, now: int) -> int | None:
    """Return when to try again after so many attempts in milliseconds, or ``None`` to give up."""
    return now + PAUSES_MS[attempts - 1] if attempts <= len(PAUSES_MS) else None


def is_hopeless(attempts: int) -> bool:
    """Say whether so many senders have died or stumbled over a mail that no other should try."""
    return attempts > 2 * (len(PAUSES_MS) + 1)


def message_name(delivery_id: str) -> str:
    """Return the local part of a delivery's Message-ID: the same at every attempt.

    So whoever gets it twice, because a sender died over it, can tell (RFC 5322 section 3.6.4).
    """
    return hashlib.sha256(delivery_id.encode()).hexdigest()[:32]


def plain_text(html: str) -> str:
    """Return the words of an HTML text with the addresses of its links, for who reads no HTML.

    Every character is looked at once or twice, whatever somebody made of them: a parser that goes
    back takes hours over a megabyte of unfinished tags.
    """
    found = _Words()
    at = 0
    while (opened := _MARKUP.search(html, at)) is not None:
        found.add(html[at : opened.start()])
        at = _after_markup(html, opened, found)
    found.add(html[at:])
    lines = (re.sub(r"[ \t\r\f]+", " ", line).strip() for line in found.text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Words:
    """What has been read, and the links that are open."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._links: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, text: str) -> None:
        self._parts.append(unescape(text).replace("\n", " "))

    def tag(self, name: str, rest: str) -> None:
        if name.removeprefix("/") in _BLOCKS:
            self._parts.append("\n")
        elif name == "a":
            href = _HREF.search(rest)
            self._links.append(unescape(href[1].strip("\"'")) if href else "")
        elif name == "/a" and self._links and (link := self._links.pop()):
            self._parts.append(f" ({link})")


def _after_markup(html: str, opened: re.Match[str], found: _Words) -> int:
    """Read a comment or tag that is ``opened``; return where the text goes on."""
    if opened[1] is None:
        return _past(html, "-->", opened.end())
    closed = _past(html, ">", opened.end())
    tag = opened[1].lower()
    found.tag(tag, html[opened.end() : closed - 1])
    if tag not in _HIDDEN:
        return closed
    end = re.compile(f"</{tag}", re.IGNORECASE).search(html, closed)
    return _past(html, ">", end.start()) if end else len(html)


def _past(html: str, mark: str, start: int) -> int:
    end = html.find(mark, start)
    return len(html) if end == -1 else end + len(mark)
