"""The errors of accounts at providers."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def provider_not_found_or_not_enabled() -> KnownError:
    """The project declares no such provider."""
    return KnownError(
        "OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED",
        400,
        "The OAuth provider is not found or not enabled.",
    )


def account_id_already_used_for_sign_in() -> KnownError:
    """Somebody else signs in with that account."""
    return KnownError(
        "OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN",
        400,
        "A provider with the same account ID is already used for signing in.",
    )


def not_connected_to_user() -> KnownError:
    """The user has no such account, or none that programs may use."""
    return KnownError(
        "OAUTH_CONNECTION_NOT_CONNECTED_TO_USER",
        400,
        "The OAuth connection is not connected to any user.",
    )


def does_not_have_required_scope() -> KnownError:
    """The user never allowed that much, or what it allowed has ended."""
    return KnownError(
        "OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE",
        400,
        "The OAuth connection does not have the required scope.",
    )


def temporarily_unavailable() -> KnownError:
    """The provider does not answer, or not sensibly."""
    return KnownError(
        "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE",
        503,
        "The OAuth provider is temporarily unavailable. Please try again later.",
    )
