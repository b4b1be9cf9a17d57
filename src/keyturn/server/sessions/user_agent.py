"""Reading a User-Agent just far enough to name a browser and a system to its own owner. Pure."""

from __future__ import annotations

# In this order: many browsers name the ones they descend from as well.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_label(user_agent: str | None) -> str | None:
    """Return a label as "Firefox on Linux"; ``None`` where the browser does not say."""
    browser, system = _first(_BROWSERS, user_agent), system_label(user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system


def system_label(user_agent: str | None) -> str | None:
    """Return the system a User-Agent names, or ``None``."""
    return _first(_SYSTEMS, user_agent)


def _first(table: tuple[tuple[str, str], ...], user_agent: str | None) -> str | None:
    return next((label for mark, label in table if mark in (user_agent or "")), None)
