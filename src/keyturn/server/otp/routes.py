"""Mailed sign-in codes on the wire: parse, call the service, render."""

from __future__ import annotations

from typing import Any

from keyturn.server.accounts.service import SignUpDisabled
from keyturn.server.accounts.sign_in_routes import require_second_factor
from keyturn.server.one_time.wire import CodeIsValid, CodeRequest
from keyturn.server.otp.rules import Unproved
from keyturn.server.otp.wire import SendSignInCode, SignedInByCode, SignInCodeSent
from keyturn.server.stack import errors
from keyturn.server.stack.callback import trusted, visitor_of
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire


async def send_sign_in_code(call: Call[SendSignInCode, Nothing]) -> Wire:
    """Mail a sign-in code; the answer is the same whether or not the address has an account."""
    _require_codes(call)
    nonce = await call.services.sign_in_codes.send(
        call.project,
        call.body.email,
        callback_url=trusted(call, call.body.callback_url),
        counted_ip=visitor_of(call),
    )
    return SignInCodeSent(nonce=nonce)


async def sign_in_with_code(call: Call[CodeRequest, Nothing]) -> Wire:
    """Sign in with a mailed code, or sign up where the address has no account yet."""
    _require_codes(call)
    with code_refusals():
        try:
            redeemed = await call.services.sign_in_codes.sign_in(
                call.project, call.body.code, guest=call.user, origin=call.origin
            )
        except SignUpDisabled:
            raise errors.sign_up_not_enabled() from None
        except Unproved as refused:
            raise errors.user_email_already_exists(refused.email, unproved=True) from None
    user = redeemed.user
    if redeemed.begun is None:
        raise await require_second_factor(call, user, is_new_user=redeemed.is_new)
    session, refresh_token = redeemed.begun
    return SignedInByCode(
        access_token=await call.services.stack_tokens.access.issue(call.project, user, session),
        refresh_token=refresh_token,
        is_new_user=redeemed.is_new,
        user_id=user.id,
    )


async def check_sign_in_code(call: Call[CodeRequest, Nothing]) -> Wire:
    """Say whether a code would sign in, without using it up. Counts as a guess."""
    with code_refusals():
        await call.services.sign_in_codes.check(call.project, call.body.code)
    return CodeIsValid()


def _require_codes(call: Call[Any, Any]) -> None:
    if not call.project.config.magic_link_enabled:
        raise errors.StatusError(403, "This project does not sign in with mailed codes")


TAG = "Signing in"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/otp/send-sign-in-code",
        handler=send_sign_in_code,
        body=SendSignInCode,
        answers={200: SignInCodeSent},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/otp/sign-in",
        handler=sign_in_with_code,
        body=CodeRequest,
        answers={200: SignedInByCode},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/otp/sign-in/check-code",
        handler=check_sign_in_code,
        body=CodeRequest,
        answers={200: CodeIsValid},
        tag=TAG,
    ),
)
