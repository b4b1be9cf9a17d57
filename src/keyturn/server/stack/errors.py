"""The errors of the Stack-compatible API, by the codes its published clients know.

A code they do not know makes them fail, so none may be invented here: what has no code is a
``StatusError``, a plain text. Details are what the clients' error classes take apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class StatusError(Exception):
    """An error without a code: ``text`` travels as it is."""

    def __init__(self, status: int, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.retry_after = status, text, retry_after


class KnownError(Exception):
    """An error with a code that clients look at."""

    def __init__(
        self, code: str, status: int, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.details = code, status, message, details

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        body: dict[str, Any] = {"code": self.code, "error": self.message}
        if self.details is not None:
            body["details"] = self.details
        return body


def not_built() -> StatusError:
    """Answer for what clients know and this version lacks."""
    return StatusError(501, "Not implemented by this server")


# Headers and project (the order in which they are checked).


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


def schema_error(method: str, path: str, problems: Sequence[str]) -> KnownError:
    """The request has missing, wrong or unknown members."""
    lines = "\n".join(f"  - {problem}" for problem in problems)
    message = f"Request validation failed on {method} {path}:\n{lines}"
    return KnownError("SCHEMA_ERROR", 400, message, {"message": message})


def body_parsing_error(reason: str) -> KnownError:
    """The body is not what its content type says."""
    message = f"The request body cannot be read: {reason}."
    return KnownError("BODY_PARSING_ERROR", 400, message, {"message": message})


# Signing in and up.


def user_email_already_exists(email: str) -> KnownError:
    """Somebody signs in with that address already."""
    return KnownError(
        "USER_EMAIL_ALREADY_EXISTS",
        409,
        "A user with this e-mail address already exists.",
        {"email": email},
    )


def password_too_short(least: int) -> KnownError:
    """Fewer characters than the project takes."""
    message = f"A password needs at least {least} characters."
    return KnownError("PASSWORD_TOO_SHORT", 400, message, {"min_length": least})


def password_too_long(most: int) -> KnownError:
    """More characters than the project takes. Published clients read the second spelling."""
    message = f"A password has at most {most} characters."
    return KnownError("PASSWORD_TOO_LONG", 400, message, {"max_length": most, "maxLength": most})


def sign_up_not_enabled() -> KnownError:
    """The project takes no new accounts."""
    return KnownError("SIGN_UP_NOT_ENABLED", 400, "This project takes no new accounts.")


def password_authentication_not_enabled() -> KnownError:
    """The project has no passwords."""
    return KnownError(
        "PASSWORD_AUTHENTICATION_NOT_ENABLED", 400, "This project does not sign in with passwords."
    )


def redirect_url_not_whitelisted() -> KnownError:
    """A mailed link must not lead to an address the project does not trust."""
    return KnownError(
        "REDIRECT_URL_NOT_WHITELISTED",
        400,
        "The redirect URL is not on a domain that this project trusts.",
    )


def email_password_mismatch() -> KnownError:
    """Wrong, or unknown: one answer for both."""
    return KnownError("EMAIL_PASSWORD_MISMATCH", 400, "The e-mail address or password is wrong.")


def refresh_token_not_found_or_expired() -> KnownError:
    """Unknown, ended, or of another project: one answer for all."""
    return KnownError(
        "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED",
        401,
        "This refresh token is unknown, or its session has ended.",
    )


def invalid_oauth_client(client_id: str) -> KnownError:
    """The project, or its publishable key, is wrong."""
    return KnownError(
        "INVALID_OAUTH_CLIENT_ID_OR_SECRET",
        400,
        "client_id must be a project and client_secret its publishable client key.",
        {"client_id": client_id},
    )


def cannot_delete_current_session() -> KnownError:
    """Signing out has an endpoint of its own."""
    return KnownError(
        "CANNOT_DELETE_CURRENT_SESSION", 400, "The current session can only be signed out."
    )


def invalid_polling_code() -> KnownError:
    """Unknown, or another project's."""
    return KnownError("INVALID_POLLING_CODE", 400, "This polling code is not known here.")


# Users and teams.


def user_authentication_required() -> KnownError:
    """The endpoint is about the signed-in user, and nobody is signed in."""
    return KnownError("USER_AUTHENTICATION_REQUIRED", 401, "This endpoint needs a signed-in user.")


def cannot_get_own_user_without_user() -> KnownError:
    """``me`` without an access token."""
    return KnownError(
        "CANNOT_GET_OWN_USER_WITHOUT_USER", 400, "The user is me, but nobody is signed in."
    )


def user_not_found() -> KnownError:
    """No such user in this project."""
    return KnownError("USER_NOT_FOUND", 404, "There is no such user in this project.")


def user_id_does_not_exist(user_id: str) -> KnownError:
    """A body or query names a user that is not there."""
    return KnownError(
        "USER_ID_DOES_NOT_EXIST",
        400,
        "There is no user with this id in this project.",
        {"user_id": user_id},
    )


def team_not_found(team_id: str) -> KnownError:
    """No such team, or none that the caller may see."""
    return KnownError("TEAM_NOT_FOUND", 404, "There is no such team.", {"team_id": team_id})


def team_membership_not_found(team_id: str, user_id: str) -> KnownError:
    """The user is not a member of the team."""
    return KnownError(
        "TEAM_MEMBERSHIP_NOT_FOUND",
        404,
        "The user is not a member of this team.",
        {"team_id": team_id, "user_id": user_id},
    )


def team_membership_already_exists() -> KnownError:
    """The user is a member already."""
    return KnownError(
        "TEAM_MEMBERSHIP_ALREADY_EXISTS", 409, "The user is a member of this team already."
    )


def team_permission_required(team_id: str, user_id: str, permission_id: str) -> KnownError:
    """A member, but without the permission."""
    return KnownError(
        "TEAM_PERMISSION_REQUIRED",
        401,
        f"The user lacks the permission {permission_id} in this team.",
        {"team_id": team_id, "user_id": user_id, "permission_id": permission_id},
    )
