"""Judging an ID token (OpenID Connect Core sections 3.1.3.7 and 12.2).

Everything but the signature, which takes the issuer's keys and a library: see
``keyturn.client.id_token``. A token that came straight from the token endpoint over TLS may do
without (3.1.3.7, 6); one that says it has none, or one of a kind that a client's own secret would
make, is refused in any case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.jwt import numeric_date, unverified_claims, unverified_header

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each with the hash that `at_hash` is half of.
ALGORITHMS = {"RS256": "sha256", "ES256": "sha256", "PS256": "sha256", "EdDSA": "sha512"}
LEEWAY_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token has to agree with.

    Attributes:
        issuer: Byte for byte.
        client_id: For whom it has to be.
        nonce: What the authorization request carried; ``None``: nothing.
        access_token: What came with it, for ``at_hash``.
        now: The server's own time, or this computer's, in epoch seconds.
    """

    issuer: str
    client_id: str
    nonce: str | None = field(default=None, repr=False)
    access_token: str = field(repr=False)
    now: float


def checked_claims(id_token: str, expected: Expected) -> dict[str, Any]:
    """Return the claims of a sign-in's ID token.

    Raises:
        ExchangeFailed: it cannot be read, or one of them is not as it has to be.
    """
    header, claims = unverified_header(id_token), unverified_claims(id_token)
    algorithm = ALGORITHMS.get(str(header.get("alg")))
    if not claims or algorithm is None or "crit" in header:
        raise _wrong("it is not signed in a way that could be checked")
    _check_parties(claims, issuer=expected.issuer, client_id=expected.client_id)
    ends = numeric_date(claims, "exp")
    if ends is None or expected.now >= ends + LEEWAY_SECONDS:
        raise _wrong("it has ended")
    if numeric_date(claims, "iat") is None:
        raise _wrong("it does not say when it was made")
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        raise _wrong("it answers another sign-in")
    if "at_hash" in claims and not _same(
        claims["at_hash"], _half_hash(expected.access_token, algorithm)
    ):
        raise _wrong("it belongs to another access token")
    return claims


def renewal_objection(
    id_token: str, *, issuer: str, client_id: str, subject: str | None
) -> str | None:
    """Return what is wrong with the ID token of a refresh answer, or ``None`` (section 12.2).

    Args:
        id_token: The token; one that cannot be read is not looked at.
        issuer: The session's.
        client_id: The session's.
        subject: Whose session it is; ``None``: nobody knows by that name.
    """
    claims = unverified_claims(id_token)
    if not claims:
        return None
    try:
        _check_parties(claims, issuer=issuer, client_id=client_id)
    except ExchangeFailed as error:
        return str(error)
    if subject is not None and claims["sub"] != subject:
        return str(_wrong("it names another person"))
    return None


def _check_parties(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    """Check who made it, for whom, and about whom."""
    if claims.get("iss") != issuer:
        raise _wrong("it was made by another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise _wrong("it was made for another program")
    # 3.1.3.7, 4 and 5: of several audiences, `azp` is the one it was handed to.
    if claims.get("azp", client_id if len(audiences) == 1 else None) != client_id:
        raise _wrong("it was handed to another program")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _wrong("it names nobody")


def _half_hash(token: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm, token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and hmac.compare_digest(one.encode(), other.encode())


def _wrong(why: str) -> ExchangeFailed:
    # Nothing of the token is repeated: it has a person's data in it.
    return ExchangeFailed(f"The sign-in server's ID token is not to be believed: {why}.")
