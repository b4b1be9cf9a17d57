"""Signing in and up on the wire: anonymously, or with a password."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.routes import known
from keyturn.server.accounts.service import EmailTaken, PasswordRefused, SignUpDisabled
from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.http.limits import TooMany
from keyturn.server.mfa.errors import multi_factor_authentication_required
from keyturn.server.stack import errors
from keyturn.server.stack.callback import CallbackUrl, trusted, visitor_of
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


class SignUpRequest(Wire):
    """A new account. The challenge members are accepted and have no meaning here."""

    email: Email
    password: str
    verification_callback_url: CallbackUrl | None = None
    bot_challenge_token: str | None = None
    bot_challenge_phase: str | None = None
    bot_challenge_unavailable: str | None = None


class SignInRequest(Wire):
    """An address and its password."""

    email: Email
    password: str


class SignedIn(Wire):
    """A new session's tokens."""

    access_token: str
    refresh_token: str
    user_id: str


async def sign_up_anonymously(call: Call[Nothing, Nothing]) -> Wire:
    """Begin a session without a person, even where sign-up is disabled."""
    user = await call.services.accounts.sign_up_anonymously(call.project)
    return await _begin(call, user)


async def sign_up_with_password(call: Call[SignUpRequest, Nothing]) -> Wire:
    """Create an account; an anonymous user that asks becomes it, keeping its id."""
    _require_passwords(call)
    target = call.body.verification_callback_url
    if target is not None:
        trusted(call, target)
    user = await _new_account(call)
    if target is not None:
        await _send_verification(call, user, target)
    return await _begin(call, user)


async def sign_in_with_password(call: Call[SignInRequest, Nothing]) -> Wire:
    """Begin a session. Never upgrades an anonymous user."""
    _require_passwords(call)
    user = await call.services.signin.with_password(
        call.project, email=call.body.email, password=call.body.password, counted_ip=call.counted_ip
    )
    if user is None:
        raise errors.email_password_mismatch()
    if user.requires_totp_mfa:
        raise await require_second_factor(call, user, is_new_user=False)
    return await _begin(call, user)


async def require_second_factor(
    call: Call[Any, Any], user: User, *, is_new_user: bool
) -> Exception:
    """Return the refusal of whoever has brought the first factor and needs a second."""
    code = await call.services.second_factor.begin(user, "stack", is_new_user=is_new_user)
    return multi_factor_authentication_required(code)


async def _new_account(call: Call[SignUpRequest, Nothing]) -> User:
    accounts, body, guest = call.services.accounts, call.body, call.user
    try:
        if guest is not None and guest.is_anonymous:
            return await accounts.upgrade(
                call.project, guest, email=body.email, password=body.password
            )
        return await accounts.sign_up(call.project, email=body.email, password=body.password)
    except SignUpDisabled:
        raise errors.sign_up_not_enabled() from None
    except (EmailTaken, PasswordRefused) as error:
        raise known(error, body.email) from None


async def _send_verification(call: Call[SignUpRequest, Nothing], user: User, url: str) -> None:
    # The account is there; a mail too many is asked for again later, by whoever misses it.
    with suppress(TooMany):
        await call.services.contact_channels.send_verification(
            call.project,
            user.id,
            user.primary_email or call.body.email,
            callback_url=url,
            counted_ip=visitor_of(call),
        )


async def _begin(call: Call[Any, Any], user: User) -> Wire:
    begun = await call.services.stack_tokens.begin(call.project, user, origin=call.origin)
    return SignedIn(
        access_token=begun.access_token,
        refresh_token=begun.refresh_token,
        user_id=begun.user_id,
    )


def _require_passwords(call: Call[Any, Any]) -> None:
    if not call.project.config.credential_enabled:
        raise errors.password_authentication_not_enabled()


TAG = "Signing in"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/anonymous/sign-up",
        handler=sign_up_anonymously,
        answers={200: SignedIn},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/sign-up",
        handler=sign_up_with_password,
        body=SignUpRequest,
        answers={200: SignedIn},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password/sign-in",
        handler=sign_in_with_password,
        body=SignInRequest,
        answers={200: SignedIn},
        tag=TAG,
    ),
)
