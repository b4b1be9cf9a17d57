"""Passwords on the wire: parse, call the service, render."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.routes import known
from keyturn.server.accounts.service import PasswordRefused, refuse_unfit
from keyturn.server.one_time.wire import CodeIsValid, CodeRequest
from keyturn.server.passwords.errors import (
    password_confirmation_mismatch,
    user_does_not_have_password,
)
from keyturn.server.passwords.wire import (
    ResetCodeSent,
    ResetPassword,
    SendResetCode,
    SetPassword,
    UpdatePassword,
)
from keyturn.server.stack import errors
from keyturn.server.stack.callback import trusted, visitor_of
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyturn.server.accounts.rules import User
    from keyturn.server.sessions.rules import Session


async def send_reset_code(call: Call[SendResetCode, Nothing]) -> Wire:
    """Mail a link that replaces a forgotten password; one answer for every address."""
    _require_passwords(call)
    await call.services.password_resets.send(
        call.project,
        call.body.email,
        callback_url=trusted(call, call.body.callback_url),
        counted_ip=visitor_of(call),
    )
    return ResetCodeSent()


async def reset_password(call: Call[ResetPassword, Nothing]) -> Wire:
    """Replace a password with the code that was mailed; every session of the account ends."""
    _require_passwords(call)
    with code_refusals(), _fit_passwords():
        await call.services.password_resets.reset(call.project, call.body.code, call.body.password)
    return Success()


async def check_reset_code(call: Call[CodeRequest, Nothing]) -> Wire:
    """Say whether a code would replace a password, without using it up."""
    with code_refusals():
        await call.services.password_resets.check(call.project, call.body.code)
    return CodeIsValid()


async def set_password(call: Call[SetPassword, Nothing]) -> Wire:
    """Give the signed-in user a first password; every other session ends."""
    user, session = _signed_in(call)
    _require_passwords(call)
    with _fit_passwords():
        refuse_unfit(call.project, call.body.password)
        if user.password_hash is None and await call.services.accounts.change_password(
            call.project, user, current=None, new=call.body.password, keep_session=session.id
        ):
            return Success()
    raise errors.StatusError(400, "The user has a password already")


async def update_password(call: Call[UpdatePassword, Nothing]) -> Wire:
    """Change the signed-in user's password; every other session ends.

    Tries at the old one count like sign-ins: an access token is not a place to guess it from.
    """
    user, session = _signed_in(call)
    _require_passwords(call)
    services = call.services
    with _fit_passwords():
        refuse_unfit(call.project, call.body.new_password)
    if user.password_hash is None:
        raise user_does_not_have_password()
    tries = services.signin.tries_at_password(call.project, user, counted_ip=call.counted_ip)
    await services.limits.take(tries)
    changed = await services.accounts.change_password(
        call.project,
        user,
        current=call.body.old_password,
        new=call.body.new_password,
        keep_session=session.id,
    )
    if not changed:
        raise password_confirmation_mismatch()
    await services.limits.give_back(tries)
    return Success()


def _signed_in(call: Call[Any, Any]) -> tuple[User, Session]:
    if call.user is None:
        raise errors.user_authentication_required()
    return call.caller.signed_in()


def _require_passwords(call: Call[Any, Any]) -> None:
    if not call.project.config.credential_enabled:
        raise errors.password_authentication_not_enabled()


@contextmanager
def _fit_passwords() -> Iterator[None]:
    try:
        yield
    except PasswordRefused as refused:
        raise known(refused, None) from None


TAG = "Passwords"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/password/send-reset-code",
        handler=send_reset_code,
        body=SendResetCode,
        answers={200: ResetCodeSent},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/reset",
        handler=reset_password,
        body=ResetPassword,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/reset/check-code",
        handler=check_reset_code,
        body=CodeRequest,
        answers={200: CodeIsValid},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/set",
        handler=set_password,
        body=SetPassword,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/update",
        handler=update_password,
        body=UpdatePassword,
        answers={200: Success},
        tag=TAG,
    ),
)
