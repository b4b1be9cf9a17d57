"""Signing in with the second factor, on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from keyturn.server.mfa.errors import invalid_totp_code
from keyturn.server.mfa.rules import WrongTotp
from keyturn.server.one_time.wire import CodeRequest
from keyturn.server.otp.wire import SignedInByCode
from keyturn.server.stack.callback import visitor_of
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire


class SecondFactorRequest(CodeRequest):
    """The attempt's code, and the digits that an authenticator shows."""

    type: Literal["totp"]
    totp: Annotated[str, StringConstraints(max_length=32)]


async def sign_in_with_second_factor(call: Call[SecondFactorRequest, Nothing]) -> Wire:
    """Finish signing in: the code of the attempt, and what the authenticator shows."""
    body = call.body
    with code_refusals():
        try:
            shown = await call.services.second_factor.finish(
                call.project,
                "stack",
                body.code,
                body.totp,
                origin=call.origin,
                counted_ip=visitor_of(call),
            )
        except WrongTotp:
            raise invalid_totp_code() from None
    access = call.services.stack_tokens.access
    return SignedInByCode(
        access_token=await access.issue(call.project, shown.user, shown.session),
        refresh_token=shown.token,
        is_new_user=shown.is_new_user,
        user_id=shown.user.id,
    )


TAG = "Signing in"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/mfa/sign-in",
        handler=sign_in_with_second_factor,
        body=SecondFactorRequest,
        answers={200: SignedInByCode},
        tag=TAG,
    ),
)
