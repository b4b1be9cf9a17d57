"""Passkeys on the wire: parse, call the service, render."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.sign_in_routes import require_second_factor
from keyturn.server.otp.wire import SignedInByCode
from keyturn.server.passkeys.errors import (
    passkey_authentication_failed,
    passkey_authentication_not_enabled,
    passkey_registration_failed,
)
from keyturn.server.passkeys.rules import CeremonyFailed
from keyturn.server.passkeys.wire import (
    CeremonyBegun,
    PasskeyRegistered,
    RegisterPasskey,
    SignInWithPasskey,
)
from keyturn.server.stack import errors
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


async def initiate_passkey_registration(call: Call[Nothing, Nothing]) -> Wire:
    """Begin to make a passkey for the signed-in user."""
    user = _registering(call)
    begun = await call.services.passkeys.begin_registration(call.project, user)
    return CeremonyBegun(options_json=begun.options, code=begun.code)


async def register_passkey(call: Call[RegisterPasskey, Nothing]) -> Wire:
    """Make a browser's new credential the signed-in user's passkey, instead of an older one."""
    user = _registering(call)
    with code_refusals():
        try:
            credential_id = await call.services.passkeys.register(
                call.project, user, call.body.code, call.body.credential
            )
        except CeremonyFailed as refused:
            raise passkey_registration_failed(str(refused)) from None
    return PasskeyRegistered(user_handle=credential_id)


async def initiate_passkey_authentication(call: Call[Nothing, Nothing]) -> Wire:
    """Begin to sign in with a passkey, whosever it is."""
    _require_passkeys(call)
    begun = await call.services.passkeys.begin_authentication(call.project)
    return CeremonyBegun(options_json=begun.options, code=begun.code)


async def sign_in_with_passkey(call: Call[SignInWithPasskey, Nothing]) -> Wire:
    """Sign in with what a passkey has signed."""
    _require_passkeys(call)
    with code_refusals():
        try:
            found = await call.services.passkeys.sign_in(
                call.project,
                call.body.code,
                call.body.authentication_response,
                origin=call.origin,
            )
        except CeremonyFailed as refused:
            raise passkey_authentication_failed(str(refused)) from None
    if found.begun is None:
        raise await require_second_factor(call, found.user, is_new_user=False)
    session, refresh_token = found.begun
    access = call.services.stack_tokens.access
    return SignedInByCode(
        access_token=await access.issue(call.project, found.user, session),
        refresh_token=refresh_token,
        is_new_user=False,
        user_id=found.user.id,
    )


def _registering(call: Call[Any, Any]) -> User:
    if call.user is None:
        raise errors.user_authentication_required()
    _require_passkeys(call)
    return call.user


def _require_passkeys(call: Call[Any, Any]) -> None:
    if not call.project.config.passkey_enabled:
        raise passkey_authentication_not_enabled()


TAG = "Signing in"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/passkey/initiate-passkey-registration",
        handler=initiate_passkey_registration,
        answers={200: CeremonyBegun},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/passkey/register",
        handler=register_passkey,
        body=RegisterPasskey,
        answers={200: PasskeyRegistered},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/passkey/initiate-passkey-authentication",
        handler=initiate_passkey_authentication,
        answers={200: CeremonyBegun},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/passkey/sign-in",
        handler=sign_in_with_passkey,
        body=SignInWithPasskey,
        answers={200: SignedInByCode},
        tag=TAG,
    ),
)
