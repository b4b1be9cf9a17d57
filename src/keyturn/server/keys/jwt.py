"""Signing and reading the server's own JWTs (RFC 7515): ES256, and RS256 for ID tokens alone.

There is no algorithm to choose, so none can be forged: ``kid`` must name one of the keys handed in,
``alg`` must be that key's own, and no other header parameter has any meaning here.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

LARGEST_TOKEN = 8 * 1024
_ES256 = ec.ECDSA(hashes.SHA256())
_HALF = 32
_COMPACT = json.JSONEncoder(separators=(",", ":"))


class BadToken(Exception):
    """Not a token of ours. The reason is for the log, never for an answer."""


class Key(Protocol):
    """A key pair of one algorithm."""

    @property
    def kid(self) -> str:
        """Its id, as headers name it."""

    @property
    def alg(self) -> str:
        """Its algorithm, as headers name it."""

    @property
    def private(self) -> Any:
        """The private half."""

    def jwk(self) -> dict[str, str]:
        """Return the public half as a JWK."""

    def sign(self, signed: bytes) -> bytes:
        """Return a signature."""

    def is_signature(self, signature: bytes, signed: bytes) -> bool:
        """Say whether a signature is this key's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One ES256 key pair (RFC 7518 section 3.4)."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def alg(self) -> str:
        """The algorithm, as headers name it."""
        return "ES256"

    def jwk(self) -> dict[str, str]:
        """Return the public half as the six members of a JWK (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "alg": "ES256",
            "crv": "P-256",
            "x": _b64(numbers.x.to_bytes(_HALF, "big")),
            "y": _b64(numbers.y.to_bytes(_HALF, "big")),
            "kid": self.kid,
        }

    def sign(self, signed: bytes) -> bytes:
        """Return the signature: r and s, 32 bytes each."""
        r, s = decode_dss_signature(self.private.sign(signed, _ES256))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")

    def is_signature(self, signature: bytes, signed: bytes) -> bool:
        """Say whether ``signature`` is this key's."""
        if len(signature) != 2 * _HALF:
            return False
        r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
        try:
            self.private.public_key().verify(encode_dss_signature(r, s), signed, _ES256)
        except InvalidSignature:
            return False
        return True


def sign(claims: Mapping[str, Any], key: Key, *, typ: str = "JWT") -> str:
    """Return the compact form of ``claims`` signed with ``key``."""
    signed = f"{_header(key.alg, key.kid, typ)}.{_b64(_dump(claims))}"
    return f"{signed}.{_b64(key.sign(signed.encode('ascii')))}"


def read(token: str, keys: Mapping[str, Key], *, typ: str) -> dict[str, Any]:
    """Check the signature and return the claims; their meaning is the caller's to check.

    Raises:
        BadToken: too large, malformed, of another type, by another key, or changed.
    """
    if len(token) > LARGEST_TOKEN or token.count(".") != 2:
        raise BadToken("not a compact JWT")
    head, body, signature = token.split(".")
    header = _load(head)
    if header.get("typ") != typ or "crit" in header:
        raise BadToken("a header this server never writes")
    key = keys.get(str(header.get("kid")))
    if key is None or header.get("alg") != key.alg:
        raise BadToken("unknown kid, or not its algorithm")
    if not key.is_signature(_unb64(signature), f"{head}.{body}".encode()):
        raise BadToken("signature does not match")
    return _load(body)


@lru_cache(maxsize=256)
def _header(alg: str, kid: str, typ: str) -> str:
    return _b64(_dump({"alg": alg, "typ": typ, "kid": kid}))


def _dump(value: Mapping[str, Any]) -> bytes:
    return _COMPACT.encode(value).encode()


def _load(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_unb64(part))
    except (ValueError, RecursionError):
        raise BadToken("not JSON") from None
    if not isinstance(value, dict):
        raise BadToken("not a JSON object")
    return value


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unb64(text: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken("not base64url") from None
    # One spelling only: a second one would make two tokens of one signature.
    if _b64(raw) != text:
        raise BadToken("not canonical base64url")
    return raw
