"""Sessions on the wire: renew, sign out, list, revoke, and (for servers) create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.external_sign_in.code_grant import redeem_code
from keyturn.server.http.origin import origin_of
from keyturn.server.sessions.rules import Lifetime
from keyturn.server.sessions.wire import (
    AccessTokenAnswer,
    SessionCreate,
    SessionList,
    SessionQuery,
    SessionTokens,
    SessionView,
    TokenAnswer,
    TokenRequest,
)
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire, user_id_of

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.rules import Kind, Session

# What clients send as client_secret where a project asks for no publishable key.
NO_KEY = "__stack_public_client__"


async def token(call: Call[TokenRequest, Nothing]) -> Wire:
    """Renew an access token with the refresh token, which stays the same; or redeem a code."""
    body = call.body
    project = await _oauth_project(call)
    if body.grant_type == "authorization_code":
        return await redeem_code(call, project)
    if body.refresh_token is None:
        path = call.request.url.path
        raise errors.schema_error("POST", path, ["body.refresh_token: Field required"])
    access_token = await _renewed(call, project, body.refresh_token)
    return TokenAnswer(
        access_token=access_token,
        expires_in=call.services.stack_tokens.access.seconds,
        refresh_token=body.refresh_token,
    )


async def refresh_current_session(call: Call[Nothing, Nothing]) -> Wire:
    """Renew an access token by the refresh-token header."""
    refresh_token = call.headers.get("refresh-token")
    if refresh_token is None:
        problem = "headers.x-stack-refresh-token: Field required"
        raise errors.schema_error("POST", call.request.url.path, [problem])
    return AccessTokenAnswer(access_token=await _renewed(call, call.project, refresh_token))


async def sign_out(call: Call[Nothing, Nothing]) -> Wire:
    """End the session of the access token."""
    if call.caller.session is None:
        raise errors.user_authentication_required()
    ended = await call.services.sessions.end(
        call.caller.session.id, reason="signed out", ip=call.origin.ip
    )
    if ended is None:
        raise errors.refresh_token_not_found_or_expired()
    return Success()


async def list_sessions(call: Call[Nothing, SessionQuery]) -> Wire:
    """List a user's sessions, newest first."""
    asked = call.query.user_id
    if asked is None:
        if not call.caller.is_client:
            problem = "query.user_id: Field required"
            raise errors.schema_error("GET", call.request.url.path, [problem])
        asked = "me"
    user_id = _own(call, asked)
    found = await call.services.sessions.live_of_user(user_id)
    mine = call.caller.session.id if call.caller.session else None
    return SessionList(
        items=[_view(session, mine) for session in found if session.project_id == call.project.id]
    )


async def create_session(call: Call[SessionCreate, Nothing]) -> Wire:
    """Begin a session for a user, on the word of the project's server."""
    user = await call.services.accounts.find(call.project.id, call.body.user_id)
    if user is None or user.disabled_at is not None:
        raise errors.user_id_does_not_exist(call.body.user_id)
    kind: Kind = "impersonation" if call.body.is_impersonation else "stack"
    seconds = max(1, -(-call.body.expires_in_millis // 1000))
    begun = await call.services.stack_tokens.begin(
        call.project,
        user,
        origin=call.origin,
        kind=kind,
        lifetime=Lifetime(idle_seconds=None, absolute_seconds=seconds),
    )
    return SessionTokens(access_token=begun.access_token, refresh_token=begun.refresh_token)


async def revoke_session(call: Call[Nothing, SessionQuery]) -> Wire:
    """End a session, but not the one that asks."""
    session_id, asked = call.path["session_id"], call.query.user_id
    if asked is not None or call.caller.is_client:
        asked = _own(call, asked or "me")
    current = call.caller.session
    if call.caller.is_client and current is not None and current.id == session_id:
        raise errors.cannot_delete_current_session()
    session = await call.services.sessions.find(session_id)
    if session is None or session.project_id != call.project.id:
        raise errors.StatusError(404, "Session not found.")
    if asked is not None and session.user_id != asked:
        raise errors.StatusError(404, "Session not found.")
    if await call.services.sessions.end(session_id, reason="revoked", ip=call.origin.ip) is None:
        raise errors.StatusError(404, "Session not found.")
    return Success()


async def _oauth_project(call: Call[TokenRequest, Nothing]) -> Project:
    """Return the project that client_id and client_secret stand for."""
    projects, body = call.services.projects, call.body
    project = await projects.find(body.client_id)
    if project is None:
        raise errors.invalid_oauth_client(body.client_id)
    if body.client_secret in (None, "", NO_KEY):
        good = not project.config.publishable_client_key_required
    else:
        kind = await projects.key_kind(project.id, body.client_secret or "")
        good = kind == "publishable_client_key"
    if not good:
        raise errors.invalid_oauth_client(body.client_id)
    return project


async def _renewed(call: Call[Any, Any], project: Project, refresh_token: str) -> str:
    ip = origin_of(call.request).ip
    access_token = await call.services.stack_tokens.renew(project, refresh_token, ip=ip)
    if access_token is None:
        raise errors.refresh_token_not_found_or_expired()
    return access_token


def _own(call: Call[Any, Any], asked: str) -> str:
    """Return the user asked for; clients may ask for their own only."""
    user_id = user_id_of(call, asked)
    if call.caller.is_client and (call.user is None or call.user.id != user_id):
        raise errors.StatusError(403, "With client access, only your own sessions can be seen")
    return user_id


def _view(session: Session, current: str | None) -> SessionView:
    return SessionView(
        id=session.id,
        user_id=session.user_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        is_impersonation=session.kind == "impersonation",
        is_current_session=session.id == current,
    )


TAG = "Sessions"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/oauth/token",
        handler=token,
        body=TokenRequest,
        form=True,
        access=None,
        answers={200: TokenAnswer},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/sessions/current/refresh",
        handler=refresh_current_session,
        answers={200: AccessTokenAnswer},
        ended_session_is_fine=True,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/auth/sessions/current",
        handler=sign_out,
        answers={200: Success},
        ended_session_is_fine=True,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/auth/sessions",
        handler=list_sessions,
        query=SessionQuery,
        answers={200: SessionList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/sessions",
        handler=create_session,
        body=SessionCreate,
        answers={200: SessionTokens},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/auth/sessions/{session_id}",
        handler=revoke_session,
        query=SessionQuery,
        answers={200: Success},
        tag=TAG,
    ),
)
