"""Who gets a mail, what its plain text is, and when a failed attempt is repeated. Pure."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
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
    """Return the words of an HTML text with the addresses of its links, for who reads no HTML."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\r\f]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self._links and (link := self._links.pop()):
            self.parts.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data.replace("\n", " "))
