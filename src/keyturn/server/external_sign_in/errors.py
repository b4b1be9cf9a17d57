"""The errors of signing in at a provider, as published clients know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.protocol.errors import ExchangeFailed, LoginDenied
from keyturn.server.oauth_providers.errors import temporarily_unavailable
from keyturn.server.stack import errors
from keyturn.server.stack.errors import KnownError, StatusError

if TYPE_CHECKING:
    from keyturn.protocol.errors import KeyturnError
    from keyturn.server.external_sign_in.arrival import NotSignedIn


def outer_oauth_timeout() -> KnownError:
    """It took longer than ten minutes."""
    return KnownError(
        "OUTER_OAUTH_TIMEOUT", 408, "The OAuth flow has timed out. Please sign in again."
    )


def invalid_authorization_code() -> KnownError:
    """Unknown, used, too late, or with another verifier or address: one answer for all."""
    return KnownError("INVALID_AUTHORIZATION_CODE", 400, "The given authorization code is invalid.")


def access_denied() -> KnownError:
    """The person declined at the provider."""
    return KnownError(
        "OAUTH_PROVIDER_ACCESS_DENIED", 400, "The OAuth provider denied access to the user."
    )


def already_connected_to_another_user() -> KnownError:
    """Somebody else signs in with that account."""
    return KnownError(
        "OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER",
        409,
        "The OAuth connection is already connected to another user.",
    )


def email_used_by_someone_else(email: str | None, *, would_work_if_verified: bool) -> KnownError:
    """Somebody signs in with that address, and it is not proved that they are the same person."""
    because = (
        " but the email is not verified. Please login to your existing account with the method you "
        "used to sign up, and then verify your email to sign in with this login method."
        if would_work_if_verified
        else "."
    )
    named = f'"({email})"' if email else ""
    return KnownError(
        "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE",
        409,
        f"This email {named} is already used for authentication by another account{because}",
        {
            "type": "email",
            "contact_channel_value": email,
            "would_work_if_email_was_verified": would_work_if_verified,
        },
    )


def not_signed_in(refusal: NotSignedIn) -> KnownError | StatusError:
    """Return the published error for an arrival that signs nobody in."""
    match refusal.why:
        case "another user":
            return already_connected_to_another_user()
        case "nobody signed in":
            return errors.user_authentication_required()
        case "no sign-up":
            return errors.sign_up_not_enabled()
        case "disabled":
            return StatusError(403, "This account is disabled")
        case _:
            return email_used_by_someone_else(
                refusal.email, would_work_if_verified=refusal.why == "unverified here"
            )


def of_provider(failure: KeyturnError) -> KnownError:
    """Return the published error for a provider that refused or did not answer."""
    if isinstance(failure, LoginDenied):
        return access_denied()
    if isinstance(failure, ExchangeFailed):
        return invalid_authorization_code()
    return temporarily_unavailable()
