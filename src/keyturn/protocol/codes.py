"""The codes people read, compare and type, and the prefixes that keep machine codes apart.

Pure text: randomness is handed in. A user code is short because a person types it, so the server
must limit guesses; every other code has at least 160 random bits and needs no such limit.
"""

from __future__ import annotations

from collections.abc import Callable

# Consonants without look-alikes: no words appear, capitals do not matter (RFC 8628 section 6.1).
USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH = 8

# 32 symbols without 0, O, 1 and I: what a person compares between terminal and page.
READABLE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LOGIN_CODE_LENGTH = 40  # 200 bits
COMPARED_LENGTH = 8

AUTHORIZATION_CODE_PREFIX = "ktc_"
DEVICE_CODE_PREFIX = "ktd_"
FAMILY_TOKEN_PREFIX = "ktr_"  # noqa: S105 - a public marker, not a secret
STACK_TOKEN_PREFIX = "kts_"  # noqa: S105
BROWSER_TOKEN_PREFIX = "ktb_"  # noqa: S105
MAIL_LINK_PREFIX = "ktm_"
POLLING_CODE_PREFIX = "ktp_"
CLIENT_SECRET_PREFIX = "ktx_"  # noqa: S105
REGISTRATION_TOKEN_PREFIX = "kta_"  # noqa: S105


def new_user_code(choose: Callable[[str], str]) -> str:
    """Return eight letters drawn by ``choose``, which picks one character of a string."""
    return "".join(choose(USER_CODE_ALPHABET) for _ in range(USER_CODE_LENGTH))


def new_login_code(choose: Callable[[str], str]) -> str:
    """Return a login code of the Stack-compatible CLI sign-in: 200 bits, readable symbols."""
    return "".join(choose(READABLE_ALPHABET) for _ in range(LOGIN_CODE_LENGTH))


def normalized_user_code(typed: str) -> str | None:
    """Return the eight letters behind what somebody typed, or ``None`` if it cannot be a code.

    Case, spaces and punctuation do not matter (RFC 8628 section 6.1).
    """
    letters = "".join(c for c in typed.upper() if c.isalnum())
    if len(letters) != USER_CODE_LENGTH or any(c not in USER_CODE_ALPHABET for c in letters):
        return None
    return letters


def grouped(code: str) -> str:
    """Return the first eight characters as ``XXXX-XXXX``, the form people see."""
    return f"{code[:4]}-{code[4:COMPARED_LENGTH]}"
