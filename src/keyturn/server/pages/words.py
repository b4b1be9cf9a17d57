"""Sentences that several pages or routes need, so that each thing is said in one way."""

from __future__ import annotations

EMAIL_NEEDS_AT = "An address needs an @, as in ada@example.com."
EMAIL_NOT_COMPLETE = "The part after the @ is not complete, as in ada@example.com."
EMAIL_MISSING = "Type your email address."
EMAIL_TAKEN = "This address has an account here. Sign in instead."
PASSWORD_MISSING = "Type your password."  # noqa: S105 - a sentence
NEW_PASSWORD_MISSING = "Type a new password."  # noqa: S105
PASSWORD_WRONG = "That is not the current password."  # noqa: S105
TOTP_MISSING = "Type the code that your authenticator shows."
TOTP_WRONG = "That is not the code of this moment, or it was used already. Type the next one."
CODE_MISSING = "Type the code that your terminal shows."
CODE_UNKNOWN = (
    "No terminal is waiting for this code. "
    "Check each letter, or run the sign-in command again for a new one."
)


def password_too_short(count: int, least: int) -> str:
    """Say that a new password of ``count`` characters is too short."""
    characters = "1 character is" if count == 1 else f"{count} characters are"
    return f"{characters} too few. Use {least} or more."


def password_too_long(most: int) -> str:
    """Say that a new password is too long; ``most`` counts characters."""
    return f"That is too long. Use {most} characters or fewer."


def lasts(*, idle_days: int | None = None, most_days: int | None = None) -> str:
    """Say how long a program stays signed in, to follow "Stay signed in" or "Lasts".

    ``idle_days`` without use end the session, ``most_days`` end it in any case; ``None``: no limit.
    """
    if most_days is not None and (idle_days is None or idle_days >= most_days):
        return f"until you revoke it, for at most {_days(most_days)}"
    if idle_days is None:
        return "until you revoke it"
    idle = f"until you revoke it, or {_days(idle_days)} pass without use"
    return idle if most_days is None else f"{idle}; at most {_days(most_days)}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
