"""Whose ID token it is: its claims always, its signature where a library for that is installed.

The base install has no cryptography, and needs none here: the token came from the token endpoint
itself, over TLS (OpenID Connect Core section 3.1.3.7, 6). ``keyturn[oidc]`` brings joserfc, and
then the signature counts as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.id_token import ALGORITHMS, Expected, checked_claims
from keyturn.protocol.jwt import unverified_header
from keyturn.protocol.refusal import refused
from keyturn.protocol.wire import Request

if TYPE_CHECKING:
    from keyturn.client.login.base import Granted
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.discovery import Metadata

_MOST_KEYS = 64
_FAMILIES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


def wanted(granted: Granted) -> bool:
    """Say whether OpenID Connect was asked for, and answered with an ID token."""
    asked = f"{granted.scope or ''} {granted.tokens.scope or ''}".split()
    return granted.tokens.id_token is not None and "openid" in asked


def verified_claims(
    rt: Runtime, http: Http, granted: Granted, metadata: Metadata
) -> dict[str, Any]:
    """Return the claims of a sign-in's ID token.

    Raises:
        ExchangeFailed: it is not to be believed.
        ServerUnreachable, UnexpectedReply: the keys cannot be had.
    """
    tokens = granted.tokens
    id_token = tokens.id_token or ""
    expected = Expected(
        issuer=metadata.issuer,
        client_id=(granted.client or rt.config.client).id,
        nonce=granted.nonce,
        access_token=tokens.access_token,
        now=tokens.stated_at or rt.effects.now(),
    )
    claims = checked_claims(id_token, expected)
    if _library_is_there() and metadata.jwks is not None:
        check_signature(id_token, _keys(http, metadata.jwks))
    else:
        rt.trace("the ID token's signature is not checked; TLS stands in for it")
    return claims


def check_signature(id_token: str, keys: list[dict[str, Any]]) -> None:
    """Check the signature with one of the issuer's keys (RFC 7515 section 5.2).

    Raises:
        ExchangeFailed: none of them made it, or the library is broken.
    """
    try:
        from joserfc import jws
        from joserfc.errors import JoseError
        from joserfc.jwk import import_key
    except (ImportError, OSError) as error:
        raise ExchangeFailed(
            "The ID token's signature cannot be checked: joserfc is installed and does not load."
        ) from error

    header = unverified_header(id_token)
    for key in keys:
        if not _may_have_made_it(key, header):
            continue
        try:
            public = import_key({name: key[name] for name in key if name not in ("alg", "key_ops")})
            jws.deserialize_compact(id_token, public, algorithms=[str(header["alg"])])
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            continue
        return
    raise ExchangeFailed(
        "The sign-in server's ID token is not to be believed: its signature is wrong."
    )


def _library_is_there() -> bool:
    try:
        import joserfc  # noqa: F401 - whether it is there is the question
    except ImportError:
        return False
    return True


def _keys(http: Http, url: str) -> list[dict[str, Any]]:
    reply = http.send(Request(method="GET", url=url, headers={"Accept": "application/json"}))
    if reply.status != 200:
        raise refused(reply)
    listed = reply.json_object().get("keys")
    keys = listed if isinstance(listed, list) else []
    return [key for key in keys[:_MOST_KEYS] if isinstance(key, dict)]


def _may_have_made_it(key: dict[str, Any], header: dict[str, Any]) -> bool:
    """Choose by what the header says; never by a key that the header brings along."""
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or key.get("kty") != _FAMILIES[str(algorithm)]:
        return False
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm or "d" in key:
        return False
    # A token without `kid` may be any key's (3.1.3.7 leaves it to the key set of the issuer).
    return "kid" not in header or key.get("kid") == header["kid"]
