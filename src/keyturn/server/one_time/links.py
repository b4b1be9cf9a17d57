"""The links that mails carry: the address a caller named, with a code in its query. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def link_with(url: str, code: str) -> str:
    """Return ``url`` with ``code`` as its parameter of that name, and everything else kept."""
    parts = urlsplit(url)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "code"]
    query = urlencode([*others, ("code", code)])
    return urlunsplit(parts._replace(path=parts.path or "/", query=query))
