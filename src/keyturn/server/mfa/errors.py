"""The known errors of the second factor."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def multi_factor_authentication_required(attempt_code: str) -> KnownError:
    """The first factor was right; the code and the second one sign in."""
    return KnownError(
        "MULTI_FACTOR_AUTHENTICATION_REQUIRED",
        400,
        "Multi-factor authentication is required for this user.",
        {"attempt_code": attempt_code},
    )


def invalid_totp_code() -> KnownError:
    """Wrong digits, or digits that have opened something already."""
    return KnownError("INVALID_TOTP_CODE", 400, "The TOTP code is invalid. Please try again.")
