"""Texts that break things: what injection, parsing and encoding attacks are made of."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

# Stands in every invented value, so that it is found wherever something is given back.
MARK = "zq<b>'\"&"

NASTY = (
    "", " ", "\0", "\r\n", "\r\nSet-Cookie: a=b", "\nLocation: https://evil.example", "\t", "\x7f",
    "\x1b[31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800", "\udfff", "\U0010ffff", "\u0130",
    "<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{7*7}}", "{% raw %}", "${7}",
    "' OR 1=1 --", "%", "%00", "%0d%0a", "%s%n", "..", "../../etc/passwd", "\\", "//evil.example",
    "https://evil.example/", "javascript:alert(1)", "-1", "0", "9" * 400, "1e309", "NaN", "null",
    "true", "[]", "{}", "a" * 5000, "&a=b", "=", ";", "+", "\u00e9", "e\u0301", "\U0001f600" * 50,
)  # fmt: skip

texts = st.sampled_from(NASTY) | st.text(max_size=30)
# Text around the mark, as the bytes of a form: half characters and broken UTF-8 included.
marked = st.builds(lambda before, after: before + MARK + after, texts, texts)
raw_values = marked.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(
    max_size=40
).map(lambda found: MARK.encode() + found)


def encoded(fields: list[tuple[str, bytes]]) -> bytes:
    """Return a form with these fields, in order and as often as they come."""
    parts = (f"{quote_from_bytes(name.encode())}={quote_from_bytes(v)}" for name, v in fields)
    return "&".join(parts).encode()
