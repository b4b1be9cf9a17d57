"""Signing in with an access token that the person brought along: no browser, no renewal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.login.base import Granted
from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.jwt import numeric_date, unverified_claims
from keyturn.protocol.tokens import Tokens, clean_token

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime


def accept(rt: Runtime, text: str) -> Granted:
    """Return the session that a pasted token makes.

    It carries no metadata: a token that the person may use elsewhere too is not ours to revoke.

    Raises:
        ExchangeFailed: it is no token.
    """
    token = clean_token(text)
    if token is None:
        raise ExchangeFailed(
            "That is not a token.", hint="A token is one line of letters, digits and signs."
        )
    return Granted(tokens=tokens_of(token, now=rt.effects.now()), account=None)


def tokens_of(token: str, *, now: float) -> Tokens:
    """Return what a bare token tells of itself: a JWT's end, else nothing."""
    expires_at = numeric_date(unverified_claims(token), "exp")
    lifetime = None if expires_at is None else max(0.0, expires_at - now)
    return Tokens(access_token=token, lifetime_seconds=lifetime)
