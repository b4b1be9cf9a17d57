"""The authorization code grant of ``POST /auth/oauth/token`` (RFC 6749 section 4.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.sign_in_routes import require_second_factor
from keyturn.server.external_sign_in import errors as sign_in_errors
from keyturn.server.external_sign_in.arrival import NotSignedIn
from keyturn.server.external_sign_in.outcomes import WrongCode
from keyturn.server.http.origin import origin_of
from keyturn.server.sessions.wire import TokenAnswer
from keyturn.server.stack import errors

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.wire import TokenRequest
    from keyturn.server.stack.endpoint import Call


async def redeem_code(call: Call[TokenRequest, Any], project: Project) -> TokenAnswer:
    """Trade a program's code for a session of its own."""
    body, services = call.body, call.services
    missing = [
        f"body.{name}: Field required"
        for name in ("code", "code_verifier", "redirect_uri")
        if getattr(body, name) is None
    ]
    if missing:
        raise errors.schema_error("POST", call.request.url.path, missing)
    try:
        redeemed = await services.external_sign_in.redeem(
            project,
            body.code or "",
            verifier=body.code_verifier or "",
            redirect_uri=body.redirect_uri or "",
            origin=origin_of(call.request),
        )
    except WrongCode:
        raise sign_in_errors.invalid_authorization_code() from None
    except NotSignedIn as refusal:
        raise sign_in_errors.not_signed_in(refusal) from None
    if redeemed.begun is None:
        raise await require_second_factor(call, redeemed.user, is_new_user=redeemed.is_new)
    session, refresh_token = redeemed.begun
    access = services.stack_tokens.access
    return TokenAnswer(
        access_token=await access.issue(project, redeemed.user, session),
        expires_in=access.seconds,
        refresh_token=refresh_token,
        is_new_user=redeemed.is_new,
        after_callback_redirect_url=redeemed.asked.after_callback_redirect_url,
    )
