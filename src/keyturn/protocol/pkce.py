"""Proof Key for Code Exchange, S256 only (RFC 7636).

``plain`` is left out on purpose: RFC 9700 section 2.1.1 asks clients to use a method that does not
expose the verifier, and no server we support needs the weaker one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def new_verifier(random_bytes: Callable[[int], bytes]) -> str:
    """Return a fresh verifier of 32 random bytes: 43 characters (RFC 7636 section 4.1)."""
    return _base64url(random_bytes(32))


def challenge_for(verifier: str) -> str:
    """Return the S256 challenge for ``verifier`` (RFC 7636 section 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def matches(verifier: str, challenge: str) -> bool:
    """Say, in constant time, whether ``verifier`` answers ``challenge`` (RFC 7636 section 4.6).

    A verifier of the wrong length or alphabet (section 4.1) answers nothing.
    """
    if not 43 <= len(verifier) <= 128 or not _UNRESERVED.issuperset(verifier):
        return False
    return hmac.compare_digest(challenge_for(verifier).encode(), challenge.encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
