"""What an access token opens here: who the session belongs to, and that its tokens arrived.

``/oauth/userinfo`` is OpenID Connect Core section 5.3; ``/oauth/ack`` is our own extension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.rules import bearer_token
from keyturn.server.oauth.wire import Answer, Call

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.oauth.access_token import AccessToken
    from keyturn.server.sessions.rules import Session


async def userinfo(call: Call) -> Answer:
    """Tell a live session's program about its user, as far as its scope allows."""
    access, session = await _bearer(call)
    services = call.services
    user = await services.accounts.find(session.project_id, session.user_id)
    if user is None or user.disabled_at is not None:
        raise _invalid()
    await services.oauth.refreshing.note_use(access, session)
    return Answer(_claims(user, access.scope))


async def ack(call: Call) -> Answer:
    """Note that the client has stored these tokens: their predecessor ends (S-35). 204."""
    access, _ = await _bearer(call)
    await call.services.oauth.refreshing.acknowledge(access)
    return Answer(None, 204)


async def _bearer(call: Call) -> tuple[AccessToken, Session]:
    token = bearer_token(call.header(b"authorization"))
    if token is None:
        # RFC 6750 section 3.1: no error code where nothing was presented.
        raise _refused('Bearer realm="keyturn"')
    services = call.services
    access = await services.oauth.access_tokens.read(token)
    session = await services.sessions.find(access.session_id) if access else None
    if access is None or session is None or not session.is_alive(now=services.clock.now_ms()):
        raise _invalid()
    return access, session


def _claims(user: User, scope: frozenset[str]) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": user.id}
    if "email" in scope and user.primary_email is not None:
        claims |= {"email": user.primary_email, "email_verified": user.primary_email_verified}
    if "profile" in scope and user.display_name is not None:
        claims["name"] = user.display_name
    return claims


def _invalid() -> Refused:
    return _refused('Bearer realm="keyturn", error="invalid_token"')


def _refused(challenge: str) -> Refused:
    return Refused(
        "invalid_token",
        "the access token is missing, expired or its session has ended",
        401,
        {"WWW-Authenticate": challenge},
    )
