"""Words for people: relative times, dates, places, and text from a server made safe to print.

Pure functions. On the path of ``token``, so nothing is imported that costs time.
"""

import os
import time

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_JOINERS = "\u200c\u200d"  # Persian and Indic spelling and emoji need them; they move nothing
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def clean(text: str) -> str:
    """Return ``text`` as one line without control, bidirectional or other invisible characters.

    A name, a code or a message from a server is the server's choice. Printed raw it could move the
    cursor, colour the screen, or show its letters in another order than they have.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if character.isspace() else ""


def clause(sentence: str) -> str:
    """Return a sentence as it goes on after a colon: ``no keyring was found``."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def span(seconds: float) -> str:
    """Return a duration in one unit, rounded down: ``7 minutes``, ``29 days``."""
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < 2 * _HOUR:
        return _count(seconds, _MINUTE, "minute")
    if seconds < 2 * _DAY:
        return _count(seconds, _HOUR, "hour")
    return _count(seconds, _DAY, "day")


def _count(seconds: float, size: int, unit: str) -> str:
    count = int(seconds // size)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def clock_face(seconds: int) -> str:
    """Return a countdown's face: ``9:58``."""
    minutes, rest = divmod(max(0, seconds), 60)
    return f"{minutes}:{rest:02}"


def day(epoch: float, *, now: float) -> str:
    """Return the local day of an instant: ``20 December``, with the year where it is another."""
    at = time.localtime(epoch)
    year = "" if at.tm_year == time.localtime(now).tm_year else f" {at.tm_year}"
    return f"{at.tm_mday} {_MONTHS[at.tm_mon - 1]}{year}"


def iso(epoch: float | None) -> str | None:
    """Return an instant as RFC 3339 in UTC with whole seconds: ``2026-11-20T13:10:00Z``."""
    return None if epoch is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def short_path(path: str) -> str:
    """Return ``path`` with the home directory as ``~``."""
    home = os.path.expanduser("~").rstrip(os.sep)
    return "~" + path[len(home) :] if home and path.startswith(home + os.sep) else path


def host_of(url: str) -> str:
    """Return the host of a URL, with the port where it names one: ``id.acme.dev``."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
