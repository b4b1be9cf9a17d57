"""The errors of contact channels, by the codes and sentences that published clients know."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def already_used_for_auth(value: str | None) -> KnownError:
    """Another account signs in with the address; ``None`` where the request did not name it."""
    shown = f'"({value})"' if value else ""
    return KnownError(
        "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE",
        409,
        f"This email {shown} is already used for authentication by another account.",
        {
            "type": "email",
            "contact_channel_value": value,
            "would_work_if_email_was_verified": False,
        },
    )


def email_already_verified() -> KnownError:
    """There is nothing left to verify."""
    return KnownError("EMAIL_ALREADY_VERIFIED", 409, "The e-mail is already verified.")


def email_is_not_primary_email(email: str, primary_email: str | None) -> KnownError:
    """The older way of verifying takes the primary address alone."""
    return KnownError(
        "EMAIL_IS_NOT_PRIMARY_EMAIL",
        400,
        f"The given e-mail ({email}) must equal the user's primary e-mail "
        f"({'null' if primary_email is None else primary_email}).",
        {"email": email, "primary_email": primary_email},
    )
