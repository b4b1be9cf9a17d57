"""What an access token opens here: who the session belongs to, and that its tokens arrived.

``/oauth/userinfo`` is OpenID Connect Core section 5.3; ``/oauth/ack`` is our own extension.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.protected import own_resource
from keyturn.server.oauth.rules import bearer_token
from keyturn.server.oauth.wire import Answer, Call

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.oauth.access_token import AccessToken
    from keyturn.server.sessions.rules import Session


async def userinfo(call: Call) -> Answer:
    """Tell a live session's program about its user, as far as its scope allows."""
    services = call.services
    access, session = await _bearer(call, services.oauth.access_tokens.read)
    user = await services.accounts.find(session.project_id, session.user_id)
    if user is None or user.disabled_at is not None:
        raise _invalid(call)
    await services.oauth.refreshing.note_use(access, session)
    return Answer(_claims(user, access.scope))


async def ack(call: Call) -> Answer:
    """Note that the client has stored these tokens: their predecessor ends (S-35). 204."""
    # A token for another resource arrived just as well, and opens nothing by it.
    access, _ = await _bearer(call, call.services.oauth.access_tokens.read_any)
    await call.services.oauth.refreshing.acknowledge(access)
    return Answer(None, 204)


async def _bearer(
    call: Call, read: Callable[[str], Awaitable[AccessToken | None]]
) -> tuple[AccessToken, Session]:
    token = bearer_token(call.header(b"authorization"))
    if token is None:
        # RFC 6750 section 3.1: no error code where nothing was presented.
        raise _refused(own_resource(call.services).challenge())
    services = call.services
    access = await read(token)
    session = await services.sessions.find(access.session_id) if access else None
    if access is None or session is None or not session.is_alive(now=services.clock.now_ms()):
        raise _invalid(call)
    return access, session


def _claims(user: User, scope: frozenset[str]) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": user.id}
    if "email" in scope and user.primary_email is not None:
        claims |= {"email": user.primary_email, "email_verified": user.primary_email_verified}
    if "profile" in scope and user.display_name is not None:
        claims["name"] = user.display_name
    return claims


def _invalid(call: Call) -> Refused:
    return _refused(own_resource(call.services).challenge("invalid_token"))


def _refused(challenge: str) -> Refused:
    return Refused(
        "invalid_token",
        "the access token is missing, expired or its session has ended",
        401,
        {"WWW-Authenticate": challenge},
    )
