"""The known errors of administration."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError, StatusError


def expected_internal_project() -> KnownError:
    """Only the internal project knows of others."""
    return KnownError(
        "EXPECTED_INTERNAL_PROJECT", 401, "The project ID is expected to be internal."
    )


def api_key_not_found() -> KnownError:
    """The project has no such set of keys."""
    return KnownError("API_KEY_NOT_FOUND", 404, "API key not found.")


def declared() -> StatusError:
    """Here it would be undone at the next start."""
    return StatusError(
        409, "This project is declared in the server's configuration file: change it there"
    )


def unparsable_admin_access_token() -> KnownError:
    """Not an access token of this API."""
    return KnownError("UNPARSABLE_ADMIN_ACCESS_TOKEN", 401, "Admin access token is not parsable.")


def admin_access_token_expired(expired_at_millis: int) -> KnownError:
    """The token's time is over, or its session has ended."""
    return KnownError(
        "ADMIN_ACCESS_TOKEN_EXPIRED",
        401,
        "Admin access token has expired. Please refresh it and try again.",
        {"expired_at_millis": expired_at_millis},
    )


def invalid_project_for_admin_access_token() -> KnownError:
    """A token of another project than the internal one."""
    return KnownError(
        "INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN",
        401,
        "Admin access tokens must be created on the internal project.",
    )


def admin_access_token_is_not_admin() -> KnownError:
    """Somebody, but none of those who administer the project."""
    return KnownError(
        "ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN",
        401,
        "Admin access token does not have the required permissions to access this project.",
    )
