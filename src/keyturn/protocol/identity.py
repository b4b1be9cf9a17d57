"""Whose session it is: from an id_token, userinfo, introspection, or a Stack user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.protocol.display import printable
from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.jwt import unverified_claims
from keyturn.protocol.tokens import Account
from keyturn.protocol.wire import Request, form_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.protocol.wire import Reply


def userinfo_request(endpoint: str, access_token: str) -> Request:
    """Ask whose token this is (OpenID Connect Core section 5.3.1)."""
    return Request(
        method="GET",
        url=endpoint,
        headers={"Accept": "application/json", "Authorization": f"Bearer {access_token}"},
    )


def introspection_request(endpoint: str, *, client_id: str, access_token: str) -> Request:
    """Ask about a token issued to this public client (RFC 7662 section 2.1)."""
    return form_request(endpoint, {"token": access_token, "client_id": client_id})


def account_from_id_token(id_token: str | None, *, issuer: str, client_id: str) -> Account | None:
    """Return who an id_token from the token endpoint names, or ``None`` without a readable one.

    It came straight from the issuer over TLS, which stands in for the signature (OpenID Connect
    Core section 3.1.3.7, 6); issuer and audience are checked nevertheless.

    Raises:
        ExchangeFailed: it was made by another issuer or for another client.
    """
    claims = unverified_claims(id_token) if id_token else {}
    if not claims:
        return None
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer or client_id not in audiences:
        raise ExchangeFailed("The sign-in server answered for another program or issuer.")
    return account_from(claims)


def account_from_reply(reply: Reply) -> Account | None:
    """Return who a userinfo or introspection answer names, or ``None`` when it names nobody."""
    if reply.status != 200:
        return None
    return account_from(reply.json_object_or_none() or {})


def account_from(claims: Mapping[str, Any]) -> Account | None:
    """Return the account behind ``sub`` (or ``id``), with email and name where they are given."""
    for key in ("sub", "id"):
        subject = claims.get(key)
        if isinstance(subject, str) and printable(subject) == subject and subject:
            return Account(
                id=subject,
                email=_shown(claims, "email", "primary_email"),
                label=_shown(claims, "name", "display_name", "preferred_username", "username"),
            )
    return None


def _shown(claims: Mapping[str, Any], *keys: str) -> str | None:
    for key in keys:
        value = claims.get(key)
        if isinstance(value, str) and printable(value):
            return printable(value)
    return None
