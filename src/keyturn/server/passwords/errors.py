"""The errors of changing a password, by the codes and sentences that published clients know."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def user_does_not_have_password() -> KnownError:
    """There is none that could be changed."""
    return KnownError(
        "USER_DOES_NOT_HAVE_PASSWORD",
        400,
        "This user does not have password authentication enabled.",
    )


def password_confirmation_mismatch() -> KnownError:
    """The password so far is another one."""
    return KnownError("PASSWORD_CONFIRMATION_MISMATCH", 400, "Passwords do not match.")
