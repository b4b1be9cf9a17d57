"""What an access token opens here: who the session belongs to, and that its tokens arrived.

``/oauth/userinfo`` is OpenID Connect Core section 5.3; ``/oauth/ack`` is our own extension.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from keyturn.server.oauth import claims
from keyturn.server.oauth.call import FORM_TYPE, Call
from keyturn.server.oauth.errors import Refused, invalid_request
from keyturn.server.oauth.protected import own_resource
from keyturn.server.oauth.rules import bearer_token
from keyturn.server.oauth.wire import Answer

if TYPE_CHECKING:
    from keyturn.server.oauth.access_token import AccessToken
    from keyturn.server.sessions.rules import Session


async def userinfo(call: Call) -> Answer:
    """Tell a live session's program about its user, as far as its scope and claims allow."""
    services = call.services
    access, session = await _bearer(call, services.oauth.access_tokens.read, await _posted(call))
    user = await services.accounts.find(session.project_id, session.user_id)
    if user is None or user.disabled_at is not None:
        raise _invalid(call)
    await services.oauth.refreshing.note_use(access, session)
    names = claims.names_of(access.scope)
    if "openid" in access.scope:
        names |= claims.stored_claims(session.claims).userinfo
    return Answer({"sub": user.id, **claims.about(user, names)})


async def ack(call: Call) -> Answer:
    """Note that the client has stored these tokens: their predecessor ends (S-35). 204."""
    # A token for another resource arrived just as well, and opens nothing by it.
    access, _ = await _bearer(call, call.services.oauth.access_tokens.read_any)
    await call.services.oauth.refreshing.acknowledge(access)
    return Answer(None, 204)


async def _bearer(
    call: Call,
    read: Callable[[str], Awaitable[AccessToken | None]],
    posted: str | None = None,
) -> tuple[AccessToken, Session]:
    token = bearer_token(call.header(b"authorization"))
    if token is not None and posted is not None:
        raise invalid_request("the access token comes in two ways")
    token = token or posted
    if token is None:
        # RFC 6750 section 3.1: no error code where nothing was presented.
        raise _refused(own_resource(call.services).challenge())
    services = call.services
    access = await read(token)
    session = await services.sessions.find(access.session_id) if access else None
    if access is None or session is None or not session.is_alive(now=services.clock.now_ms()):
        raise _invalid(call)
    return access, session


async def _posted(call: Call) -> str | None:
    """Return the access token of a form (RFC 6750 section 2.2); never one of a URL."""
    kind = (call.header(b"content-type") or "").partition(";")[0].strip().lower()
    if call.method != "POST" or kind != FORM_TYPE:
        return None
    return (await call.form()).get("access_token")


def _invalid(call: Call) -> Refused:
    return _refused(own_resource(call.services).challenge("invalid_token"))


def _refused(challenge: str) -> Refused:
    return Refused(
        "invalid_token",
        "the access token is missing, expired or its session has ended",
        401,
        {"WWW-Authenticate": challenge},
    )
