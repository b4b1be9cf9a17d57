"""What OAuth requests may say and what they get. Pure: no clock, no storage, no HTTP."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import quote, unquote_plus

from keyturn.server.projects.rules import DEVICE_GRANT

CODE_SECONDS = 60
DEVICE_CODE_SECONDS = 600
DEVICE_INTERVAL_SECONDS = 5
SLOW_DOWN_SECONDS = 5
LONGEST_WAIT_SECONDS = 60

MOST_PARAMETERS = 64
LONGEST_PARAMETER = 4096
LONGEST_STATE = 2048
LONGEST_REDIRECT_URI = 2048
LONGEST_CLIENT_ID = 128

# May be given more than once (RFC 8707 section 2, RFC 8693 section 2.1). Their values are kept
# apart by a character that none of them may hold.
_REPEATABLE = frozenset({"resource", "audience"})
_APART = "\x00"
# Every poll has it, and taking it apart costs more than looking the poll's code up.
_ESCAPED = {quote(DEVICE_GRANT, safe=""): DEVICE_GRANT}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class Malformed(Exception):
    """A request that cannot be read. Its text is a constant: it never holds what was sent."""


class ScopeRefused(Exception):
    """Nothing of what was asked for may be given."""


def read_parameters(encoded: bytes) -> dict[str, str]:
    """Return the parameters of a form or query (RFC 6749 sections 3.1, 3.2 and appendix B).

    Raises:
        Malformed: not UTF-8, too many or too long, or one of them twice.
    """
    try:
        parts = encoded.decode("ascii").split("&")
        if len(parts) > MOST_PARAMETERS:
            raise Malformed("there are too many parameters")
        return single(_pair(part) for part in parts if part)
    except ValueError:
        raise Malformed("the parameters are not readable as a form") from None


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return _unescaped(name), _unescaped(value)


def _unescaped(text: str) -> str:
    # Most of what programs send is not escaped, and finding that out costs next to nothing.
    if "%" not in text and "+" not in text:
        return text
    return _ESCAPED.get(text) or unquote_plus(text, errors="strict")


def single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters that each come once; an empty one counts as absent.

    Those that may be repeated are read with ``repeated``.

    Raises:
        Malformed: one comes twice, is too long, or holds a NUL.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and name not in _REPEATABLE:
            raise Malformed("a parameter is given more than once")
        if len(value) > LONGEST_PARAMETER or "\x00" in value:
            raise Malformed("a parameter is too long or not text")
        found[name] = found[name] + _APART + value if name in found else value
    return {name: value for name, value in found.items() if value}


def repeated(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the values of a parameter that may be repeated, each once, in their order."""
    values = parameters.get(name, "").split(_APART)
    return tuple(dict.fromkeys(value for value in values if value))


def granted_scope(asked: str | None, allowed: Sequence[str]) -> str:
    """Return what is granted: all that is allowed where nothing is asked (RFC 6749 section 3.3).

    Scopes that the client may not have are left out; the answer says what was granted.

    Raises:
        ScopeRefused: nothing is left, or what was asked for is not a scope at all.
    """
    if asked is None:
        return " ".join(allowed)
    wanted = _scopes(asked)
    granted = [scope for scope in allowed if scope in wanted]
    if not granted:
        raise ScopeRefused
    return " ".join(granted)


def narrowed_scope(asked: str | None, held: str) -> str:
    """Return the scope of one refreshed access token (RFC 6749 section 6).

    Raises:
        ScopeRefused: more is asked for than the session holds.
    """
    if asked is None or asked == held:
        return held
    wanted = _scopes(asked)
    if not wanted <= set(held.split()):
        raise ScopeRefused
    return " ".join(scope for scope in held.split() if scope in wanted)


def _scopes(text: str) -> set[str]:
    if not _SCOPE.fullmatch(text):
        raise ScopeRefused
    return set(text.split(" "))


def is_challenge(text: str) -> bool:
    """Say whether ``text`` can be an S256 challenge: 43 base64url characters (RFC 7636 4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def prompts(text: str | None) -> frozenset[str]:
    """Return the prompts asked for (OpenID Connect Core section 3.1.2.1).

    Raises:
        Malformed: an unknown one, or ``none`` beside others.
    """
    asked = frozenset((text or "").split())
    if not asked <= _PROMPTS or ("none" in asked and len(asked) > 1):
        raise Malformed("the prompt is not one that this server knows")
    return asked


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Return client id and secret of a Basic header, ``None`` if it is of another scheme.

    Both are form-encoded before they are joined (RFC 6749 section 2.3.1).

    Raises:
        Malformed: Basic, but unreadable.
    """
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not colon:
            raise Malformed("the Basic credentials have no colon")
        return unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:
        raise Malformed("the Basic credentials are not readable") from None


def bearer_token(header: str | None) -> str | None:
    """Return the token of a Bearer header, or ``None`` (RFC 6750 section 2.1)."""
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def wait_preference(headers: Iterable[str]) -> int:
    """Return how long a request asks to be held, at most 60; 0: not at all (RFC 7240 4.3).

    A preference that cannot be read is ignored, as RFC 7240 section 2 asks.
    """
    for preference in ",".join(headers).split(","):
        name, _, value = preference.split(";")[0].partition("=")
        if name.strip().lower() == "wait":
            text = value.strip().strip('"')
            usable = text.isascii() and text.isdigit() and len(text) < 10
            return min(int(text), LONGEST_WAIT_SECONDS) if usable else 0
    return 0


DeviceState = Literal["pending", "approved", "denied", "expired", "redeemed"]


def device_state(
    *, decision: str | None, redeemed_at: int | None, expires_at: int, now: int
) -> DeviceState:
    """Say where a device code stands. Instants are milliseconds since 1970.

    Redeemed comes first, so that a code which gave tokens never looks like one still to be decided.
    """
    if redeemed_at is not None:
        return "redeemed"
    if expires_at <= now:
        return "expired"
    if decision == "approve":
        return "approved"
    return "denied" if decision is not None else "pending"
