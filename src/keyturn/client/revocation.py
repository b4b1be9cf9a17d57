"""Ending a session at the server, in bounded time and without failing what asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keyturn.client.login.provided import revoke as provided_revocation
from keyturn.protocol.client_auth import authenticated
from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.refresh import Renewed, read_refresh, stack_grant
from keyturn.protocol.revoke import LIMIT_SECONDS, oauth_revocation, stack_revocation, was_revoked
from keyturn.protocol.wire import limited

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.tokens import Session

Revoked = Literal["revoked", "failed", "nothing"]


def revoke(rt: Runtime, session: Session) -> Revoked:
    """End ``session`` at the server; takes at most LIMIT_SECONDS and never raises.

    Returns ``"nothing"`` where there is nothing that could be revoked: a token the person brought
    along, or a server without a revocation endpoint.
    """
    if rt.config.provider is not None:
        return provided_revocation(rt, rt.config.provider, session)
    try:
        with rt.http() as http:
            if rt.config.stack is not None:
                return _revoke_stack(rt, http, session)
            return _revoke_oauth(rt, http, session)
    except KeyturnError:
        return "failed"


def revoke_quietly(rt: Runtime, session: Session) -> None:
    """End ``session`` where nobody waits to hear how that went."""
    rt.trace(f"revocation: {revoke(rt, session)}")


def _revoke_oauth(rt: Runtime, http: Http, session: Session) -> Revoked:
    endpoint = session.endpoints.revocation if session.endpoints else None
    if endpoint is None:
        return "nothing"
    revocation = oauth_revocation(
        endpoint,
        client_id=session.client_id,
        refresh_token=session.refresh_token,
        access_token=session.access_token,
    )
    reply = http.send(authenticated(revocation, rt.client_of(session)))
    return "revoked" if was_revoked(reply) else "failed"


def _revoke_stack(rt: Runtime, http: Http, session: Session) -> Revoked:
    """This API ends the session that an access token names, so a spent one is renewed first."""
    if session.refresh_token is None:
        return "nothing"
    access_token = session.access_token
    until = rt.effects.monotonic() + LIMIT_SECONDS
    if session.needs_refresh(now=rt.effects.now()):
        grant = stack_grant(rt.stack(), refresh_token=session.refresh_token)
        reply = http.send(limited(grant, LIMIT_SECONDS))
        outcome = read_refresh(reply, now=rt.effects.now())
        if not isinstance(outcome, Renewed):
            return "failed"
        access_token = outcome.tokens.access_token
    request = stack_revocation(rt.stack(), access_token=access_token)
    left = max(0.1, until - rt.effects.monotonic())
    return "revoked" if was_revoked(http.send(limited(request, left))) else "failed"
