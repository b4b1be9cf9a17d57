"""Checking one access token (RFC 9068 section 4, RFC 8725). No I/O, no clock.

There is one algorithm and one kind of token, so a header has nothing to choose: whatever it says
beyond algorithm, type and key id is refused, and keys come from the caller only.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.errors import JoseError

from keyturn.server.resource.errors import InvalidToken

if TYPE_CHECKING:
    from keyturn.server.resource.keys import Keys

LARGEST_TOKEN = 8 * 1024
LARGEST_HEADER = 512
LEEWAY_SECONDS = 30.0
MOST_LEEWAY_SECONDS = 120.0
_TYPES = ("at+jwt", "application/at+jwt")
_HEADER = frozenset({"alg", "typ", "kid"})
# 9999-12-31: no instant after it can be told as a datetime.
_LATEST = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAccess:
    """What a token that was checked says."""

    subject: str
    client_id: str
    scope: frozenset[str]
    expires_at: datetime
    claims: Mapping[str, Any] = field(repr=False)


def verify_access_token(
    token: str,
    keys: Keys,
    *,
    issuer: str,
    audience: str,
    now: datetime,
    leeway_seconds: float = LEEWAY_SECONDS,
) -> VerifiedAccess:
    """Return what ``token`` says, once signature, type, issuer, audience and times are right.

    Args:
        token: As it came in the Authorization header.
        keys: The issuer's keys by ``kid``, from ``read_keys``.
        issuer: What ``iss`` must be, to the letter.
        audience: The API's own identifier, which must be (one of) ``aud``.
        now: An aware datetime.
        leeway_seconds: How far clocks may differ, from 0 to 120.

    Raises:
        InvalidToken: it is anything else.
        ValueError: ``now`` is naive, or the leeway is out of bounds.
    """
    if now.tzinfo is None or not 0 <= leeway_seconds <= MOST_LEEWAY_SECONDS:
        raise ValueError("now must be aware, and the leeway from 0 to 120 seconds")
    key = keys.get(kid_of(token))
    if key is None:
        raise InvalidToken("unknown kid")
    try:
        checked = jws.deserialize_compact(token, key, algorithms=["ES256"])
    except (JoseError, ValueError, TypeError):
        raise InvalidToken("the signature does not match") from None
    claims = _json_object(checked.payload or b"")
    _check_names(claims, issuer, audience)
    expires = _check_times(claims, now.timestamp(), leeway_seconds)
    return VerifiedAccess(
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        scope=frozenset(_scope(claims).split()),
        expires_at=datetime.fromtimestamp(expires, UTC),
        claims=claims,
    )


def kid_of(token: str) -> str:
    """Return which key a token says it was signed with, unverified: it only picks a key of ours.

    Raises:
        InvalidToken: too large, not a compact JWS, or with a header the issuer never writes.
    """
    if len(token) > LARGEST_TOKEN or not token.isascii() or token.count(".") != 2:
        raise InvalidToken("not a compact JWT of usual size")
    head, body, signature = token.split(".")
    if len(head) > LARGEST_HEADER:
        raise InvalidToken("the header is too large")
    header = _json_object(_decoded(head))
    _decoded(body)
    _decoded(signature)
    if header.keys() != _HEADER or header["alg"] != "ES256" or header["typ"] not in _TYPES:
        raise InvalidToken("a header the issuer never writes")
    kid = header["kid"]
    if not isinstance(kid, str):
        raise InvalidToken("the kid is no text")
    return kid


def _decoded(part: str) -> bytes:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise InvalidToken("not base64url") from None
    # One spelling only: a second one would make two tokens of one signature.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise InvalidToken("not canonical base64url")
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidToken("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")  # two readers would take two values
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _check_names(claims: dict[str, Any], issuer: str, audience: str) -> None:
    if claims.get("iss") != issuer:
        raise InvalidToken("another issuer")
    aud = claims.get("aud")
    named = [aud] if isinstance(aud, str) else aud
    if not isinstance(named, list) or audience not in named:
        raise InvalidToken("for another audience")


def _check_times(claims: dict[str, Any], now: float, leeway: float) -> float:
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    if now >= expires + leeway:
        raise InvalidToken("expired")
    if issued > now + leeway:
        raise InvalidToken("issued in the future")
    if "nbf" in claims and _instant(claims, "nbf") > now + leeway:
        raise InvalidToken("not good yet")
    return expires


def _instant(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"{name} is no instant")
    if not 0 <= value <= _LATEST or not math.isfinite(value):
        raise InvalidToken(f"{name} is no instant")
    return float(value)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"{name} is missing")
    return value


def _scope(claims: dict[str, Any]) -> str:
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise InvalidToken("scope is no text")
    return value
