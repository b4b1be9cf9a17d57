"""The public keys of an issuer, read from its JWK Set (RFC 7517 section 5)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keyturn.server.resource.errors import KeysUnavailable

LARGEST_KEY_SET = 64 * 1024
MOST_KEYS = 64
LONGEST_KID = 128

Keys = Mapping[str, ECKey]


class KeySource(Protocol):
    """Gives an issuer's keys. Raises KeysUnavailable, nothing else."""

    async def keys(self, kid: str) -> Keys:
        """Return the keys that are known, asking for newer ones if ``kid`` is not among them."""
        ...


def read_keys(document: bytes) -> Keys:
    """Return the ES256 keys of a JWK Set by their ``kid``; keys of other kinds are left out.

    A ``kid`` that two keys share names neither. Symmetric and private keys are never taken.

    Raises:
        KeysUnavailable: not a JWK Set, too large, or with more keys than an issuer has.
    """
    if len(document) > LARGEST_KEY_SET:
        raise KeysUnavailable("the key set is too large")
    try:
        listed = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeysUnavailable("not a key set") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise KeysUnavailable("not a key set of usual size")
    usable = [key for key in listed if _is_usable(key)]
    seen = Counter(key["kid"] for key in usable)
    found: dict[str, ECKey] = {}
    for key in usable:
        if seen[key["kid"]] == 1 and (public := _imported(key)) is not None:
            found[key["kid"]] = public
    return found


def _is_usable(key: Any) -> bool:
    if not isinstance(key, dict) or key.get("kty") != "EC" or key.get("crv") != "P-256":
        return False
    kid = key.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        return False
    return "d" not in key and key.get("alg", "ES256") == "ES256" and key.get("use", "sig") == "sig"


def _imported(key: dict[str, Any]) -> ECKey | None:
    try:
        return ECKey.import_key({name: key[name] for name in ("kty", "crv", "x", "y", "kid")})
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a point that is not on the curve, or coordinates that are no text
