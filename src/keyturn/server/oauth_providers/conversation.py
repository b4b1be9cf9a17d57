"""What is said between this server, as an OAuth client, and a provider. Pure: steps and readers.

The standard parts are the client's own (``keyturn.protocol``): discovery, the code grant with PKCE,
ID tokens, refreshing. Here is what depends on how a provider was declared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from keyturn.protocol import authorize, client_auth
from keyturn.protocol.discovery import Metadata, discover
from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.id_token import Expected, checked_claims
from keyturn.protocol.identity import userinfo_request
from keyturn.protocol.refresh import oauth_grant, read_refresh
from keyturn.protocol.refusal import refused
from keyturn.protocol.wire import send, unexpected
from keyturn.server.oauth_providers.profile import Profile, read_profile

if TYPE_CHECKING:
    from keyturn.protocol.authorize import Attempt
    from keyturn.protocol.refresh import Outcome
    from keyturn.protocol.tokens import Tokens
    from keyturn.protocol.wire import Reply, Steps
    from keyturn.server.projects.providers import Provider

_MOST_EMAILS = 100
# Google gives a refresh token to those who ask like this, and to nobody else.
_ASKED_BESIDES = {"google": {"access_type": "offline", "prompt": "consent"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a finished sign-in at a provider gave."""

    profile: Profile
    tokens: Tokens = field(repr=False)


def metadata_of(provider: Provider) -> Steps[Metadata]:
    """Return a provider's endpoints: its own word for them, or the operator's.

    Raises:
        KeyturnError: it cannot be asked, or its word is not to be believed.
    """
    if provider.issuer is None:
        return _declared(provider)
    metadata = yield from discover(provider.issuer)
    authorize.require_s256(metadata)
    if metadata.authorization is None:
        raise ExchangeFailed("The provider's metadata names no authorization endpoint.")
    return metadata


def scope_of(provider: Provider, extra: str | None) -> str:
    """Return what is asked of a provider: the usual, and what a program wants besides."""
    asked = (*provider.scopes, *(extra or "").split())
    return " ".join(dict.fromkeys(asked))


def authorization_link(
    provider: Provider, metadata: Metadata, attempt: Attempt, extra_scope: str | None
) -> str:
    """Return where a browser is sent to sign in at a provider."""
    return authorize.authorization_url(
        metadata.authorization or "",
        attempt,
        scope=scope_of(provider, extra_scope) or None,
        about=_ASKED_BESIDES.get(provider.type, {}),
    )


def code_in(provider: Provider, query: str, attempt: Attempt) -> str:
    """Return the code that a provider's answer brings.

    Raises:
        LoginDenied: the person declined.
        ExchangeFailed: another error, another issuer's answer, or no answer.
    """
    if provider.issuer is None:
        # Nobody said what it calls itself; its own callback address keeps it apart from others.
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([pair for pair in pairs if pair[0] != "iss"])
    code = authorize.read_callback(query, attempt)
    if code is None:
        raise ExchangeFailed("The provider sent no code.")
    return code


def client_of(provider: Provider, metadata: Metadata, secret: str | None) -> client_auth.Client:
    """Return how this server says who it is to a provider (RFC 6749 section 2.3.1)."""
    if secret is None:
        return client_auth.Client(id=provider.client_id)
    methods = metadata.auth_methods
    basic = provider.issuer is not None and (methods is None or client_auth.BASIC in methods)
    method = client_auth.BASIC if basic else client_auth.POST
    return client_auth.Client(id=provider.client_id, secret=secret, method=method)


def redeem(
    provider: Provider,
    metadata: Metadata,
    client: client_auth.Client,
    attempt: Attempt,
    code: str,
    *,
    now: float,
) -> Steps[Granted]:
    """Trade a provider's code for tokens, and learn who signed in.

    Raises:
        ExchangeFailed: the provider refused, or names nobody.
        UnexpectedReply, ServerUnreachable: it did not answer sensibly, or not at all.
    """
    steps = authorize.exchange(metadata.token, attempt, code, now=now)
    tokens = yield from client_auth.authenticating(steps, client)
    claims: dict[str, Any] = {}
    if provider.issuer is not None:
        claims = _id_token_claims(provider, attempt, tokens, now=now)
    if metadata.userinfo is not None and "email" not in claims:
        claims = yield from _with_userinfo(metadata.userinfo, claims, tokens)
    if provider.emails_endpoint is not None:
        claims |= yield from _main_email(provider.emails_endpoint, tokens)
    return Granted(profile=read_profile(claims), tokens=tokens)


def renew(metadata: Metadata, client: client_auth.Client, refresh_token: str) -> Steps[Outcome]:
    """Ask a provider for a fresh access token (RFC 6749 section 6)."""
    request = oauth_grant(metadata.token, client_id=client.id, refresh_token=refresh_token)
    reply = yield from send(client_auth.authenticated(request, client))
    return read_refresh(reply, now=0.0)


def _declared(provider: Provider) -> Metadata:
    return Metadata(
        issuer=provider.authorization_endpoint or "",
        authorization=provider.authorization_endpoint,
        token=provider.token_endpoint or "",
        userinfo=provider.userinfo_endpoint,
        device_authorization=None,
        revocation=None,
        introspection=None,
        ack=None,
        sessions_page=None,
        iss_in_callback=False,
        challenge_methods=None,
        hold_seconds=0.0,
    )


def _id_token_claims(
    provider: Provider, attempt: Attempt, tokens: Tokens, *, now: float
) -> dict[str, Any]:
    # Straight from the token endpoint over TLS, which stands in for the signature (OpenID Connect
    # Core section 3.1.3.7, 6); nobody else can have put it there.
    if tokens.id_token is None:
        if "openid" in provider.scopes:
            raise ExchangeFailed("The provider sent no ID token, though it was asked for one.")
        return {}
    expected = Expected(
        issuer=attempt.issuer,
        client_id=attempt.client_id,
        nonce=attempt.nonce,
        access_token=tokens.access_token,
        now=now,
    )
    return checked_claims(tokens.id_token, expected)


def _with_userinfo(endpoint: str, claims: dict[str, Any], tokens: Tokens) -> Steps[dict[str, Any]]:
    reply = yield from send(userinfo_request(endpoint, tokens.access_token))
    if reply.status != 200:
        raise refused(reply)
    told = reply.json_object()
    # OpenID Connect Core section 5.3.2: another person's userinfo must not be used.
    if "sub" in claims and told.get("sub") != claims["sub"]:
        raise ExchangeFailed("The provider's userinfo is about somebody else.")
    return told | claims


def _main_email(endpoint: str, tokens: Tokens) -> Steps[dict[str, Any]]:
    request = userinfo_request(endpoint, tokens.access_token)
    reply: Reply = yield from send(request)
    if reply.status != 200:
        return {}  # the person kept the addresses back; they may still sign in
    for entry in _entries(reply):
        if entry.get("primary") is True and isinstance(entry.get("email"), str):
            return {"email": entry["email"], "email_verified": entry.get("verified") is True}
    return {}


def _entries(reply: Reply) -> list[dict[str, Any]]:
    try:
        listed = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise unexpected(reply, "the addresses are not JSON") from None
    found = listed[:_MOST_EMAILS] if isinstance(listed, list) else []
    return [entry for entry in found if isinstance(entry, dict)]
