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
        self.status: int = status
        self.text: str = text
        self.retry_after: int | None = retry_after


class KnownError(Exception):
    """An error with a code that clients look at."""

    def __init__(
        self, code: str, status: int, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code: str = code
        self.status: int = status
        self.message: str = message
        self.details: dict[str, Any] | None = details

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        body: dict[str, Any] = {"code": self.code, "error": self.message}
        if self.details is not None:
            body["details"] = self.details
        return body


def not_built() -> StatusError:
    """Answer for what clients know and this version lacks."""
    return StatusError(501, "Not implemented by this server")


# The request itself.


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


def user_email_already_exists(email: str, *, unproved: bool = False) -> KnownError:
    """Somebody signs in with that address already; ``unproved``: nobody has verified it."""
    advice = " Sign in the way you signed up, then verify the address." if unproved else ""
    return KnownError(
        "USER_EMAIL_ALREADY_EXISTS",
        409,
        f"A user with this e-mail address already exists.{advice}",
        {"email": email, **({"would_work_if_email_was_verified": True} if unproved else {})},
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
