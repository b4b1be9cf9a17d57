"""The errors of the header checks, in the order in which they are made (S-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.stack.errors import KnownError

if TYPE_CHECKING:
    from collections.abc import Sequence


def project_key_without_access_type() -> KnownError:
    """A key, but no word on what kind of access it is for."""
    return KnownError(
        "PROJECT_KEY_WITHOUT_ACCESS_TYPE",
        400,
        "A project key was sent without x-stack-access-type. "
        "Set that header to client, server or admin.",
    )


def invalid_access_type(given: str) -> KnownError:
    """Not one of the three kinds of access."""
    return KnownError(
        "INVALID_ACCESS_TYPE",
        400,
        "x-stack-access-type must be client, server or admin.",
        {"accessType": given},
    )


def access_type_without_project_id(access_type: str) -> KnownError:
    """An access type, but no project."""
    return KnownError(
        "ACCESS_TYPE_WITHOUT_PROJECT_ID",
        400,
        f"x-stack-access-type is {access_type}, but x-stack-project-id is missing.",
        {"request_type": access_type},
    )


def unparsable_access_token() -> KnownError:
    """Not an access token of this API."""
    return KnownError("UNPARSABLE_ACCESS_TOKEN", 401, "This is not an access token of this server.")


def access_token_expired(expired_at_millis: int) -> KnownError:
    """The token's time is over, or its session has ended."""
    return KnownError(
        "ACCESS_TOKEN_EXPIRED",
        401,
        "The access token is no longer valid. Get a new one with the refresh token.",
        {"expired_at_millis": expired_at_millis},
    )


def invalid_project_for_access_token(expected: str, actual: str) -> KnownError:
    """A token of another project."""
    return KnownError(
        "INVALID_PROJECT_FOR_ACCESS_TOKEN",
        401,
        "The access token belongs to another project than the one in x-stack-project-id.",
        {"expected_project_id": expected, "actual_project_id": actual},
    )


def anonymous_authentication_not_allowed() -> KnownError:
    """An anonymous user, but the caller did not say that it expects one."""
    return KnownError(
        "ANONYMOUS_AUTHENTICATION_NOT_ALLOWED",
        401,
        "The access token belongs to an anonymous user. "
        "Send x-stack-allow-anonymous-user: true to accept that.",
    )


def restricted_user_not_allowed(reason: dict[str, str]) -> KnownError:
    """A restricted user, but the caller did not say that it expects one."""
    return KnownError(
        "RESTRICTED_USER_NOT_ALLOWED",
        403,
        "The access token belongs to a restricted user. "
        "Send x-stack-allow-restricted-user: true to accept that.",
        {"restricted_reason": reason},
    )


def current_project_not_found(project_id: str) -> KnownError:
    """The header names no project of this server."""
    return KnownError(
        "CURRENT_PROJECT_NOT_FOUND",
        400,
        "x-stack-project-id names no project of this server.",
        {"project_id": project_id},
    )


def publishable_client_key_required(project_id: str) -> KnownError:
    """The project wants its publishable key to be sent."""
    return KnownError(
        "PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT",
        401,
        "This project requires its publishable client key.",
        {"project_id": project_id},
    )


_MISSING_KEY = {
    "server": ("SERVER_AUTHENTICATION_REQUIRED", "Server access requires the secret server key."),
    "admin": ("ADMIN_AUTHENTICATION_REQUIRED", "Admin access requires the admin key."),
}
_WRONG_KEY = {
    "client": "INVALID_PUBLISHABLE_CLIENT_KEY",
    "server": "INVALID_SECRET_SERVER_KEY",
    "admin": "INVALID_SUPER_SECRET_ADMIN_KEY",
}


def key_required(access_type: str, project_id: str) -> KnownError:
    """Server or admin access without a key."""
    code, message = _MISSING_KEY[access_type]
    return KnownError(code, 401, message, {"project_id": project_id})


def wrong_key(access_type: str, project_id: str) -> KnownError:
    """Not a live key of this project and kind."""
    return KnownError(
        _WRONG_KEY[access_type],
        401,
        f"The key for {access_type} access is not valid for this project.",
        {"project_id": project_id},
    )


def branch_does_not_exist(branch_id: str) -> KnownError:
    """There is one branch, main."""
    return KnownError(
        "BRANCH_DOES_NOT_EXIST", 400, "The only branch is main.", {"branch_id": branch_id}
    )


def access_type_required() -> KnownError:
    """The endpoint needs a project, but no access type was sent."""
    return KnownError(
        "ACCESS_TYPE_REQUIRED",
        400,
        "This endpoint needs x-stack-access-type (client, server or admin), "
        "x-stack-project-id and the key that goes with them.",
    )


def insufficient_access_type(actual: str, allowed: Sequence[str]) -> KnownError:
    """The endpoint is for another kind of access."""
    return KnownError(
        "INSUFFICIENT_ACCESS_TYPE",
        401,
        f"This endpoint needs {' or '.join(allowed)} access, not {actual}.",
        {"actual_access_type": actual, "allowed_access_types": list(allowed)},
    )
