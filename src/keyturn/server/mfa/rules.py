"""Codes that a clock and a shared secret make, and which of them opens (RFC 4226, RFC 6238). Pure.

HMAC-SHA-1, 30 seconds and six digits are what authenticator apps take for granted.
"""

from __future__ import annotations

import base64
import binascii
import hmac

STEP_SECONDS = 30
DIGITS = 6
# A clock may be off by one step, and typing takes its time (RFC 6238 section 5.2).
DRIFT_STEPS = 1
# RFC 4226 section 4, R6: at least 128 bits.
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 16, 128


class WrongTotp(Exception):
    """The digits are wrong, too old, or have opened something already."""


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """Return the code of a counter (RFC 4226 section 5.3)."""
    mac = hmac.digest(secret, counter.to_bytes(8), digest)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_at(now_ms: int) -> int:
    """Return the number of the step that an instant, in ms since 1970, is in."""
    return now_ms // (STEP_SECONDS * 1000)


def typed_code(text: str) -> str:
    """Return digits as an app shows them, whatever spaces somebody typed between them."""
    return "".join(text.split())


def matching_step(secret: bytes, typed: str, *, now_ms: int, last_step: int | None) -> int | None:
    """Return the step whose code was typed, or ``None``.

    Only steps after ``last_step`` count: what opened once never opens again (RFC 6238 section 5.2).
    All that could match are compared, so that the time taken tells nothing.
    """
    given, found = typed_code(typed).encode(), None
    now = step_at(now_ms)
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        matches = hmac.compare_digest(hotp(secret, step).encode(), given)
        if matches and (last_step is None or step > last_step):
            found = step
    return found


def secret_from(text: str) -> bytes:
    """Return the secret behind its base64.

    Raises:
        ValueError: it is no base64, or too short or long to be a secret.
    """
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if not LEAST_SECRET_BYTES <= len(secret) <= MOST_SECRET_BYTES:
        raise ValueError(f"must be {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes long")
    return secret
