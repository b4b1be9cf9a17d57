"""The errors of codes that work once, for every feature that hands such codes out.

Statuses, codes and sentences are what published clients know them by.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed, TooManyGuesses
from keyturn.server.stack.errors import KnownError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def code_refusals() -> Iterator[None]:
    """Turn what a code did not survive into the error that clients know it by.

    Raises:
        KnownError: VERIFICATION_CODE_NOT_FOUND 404, _EXPIRED 400, _ALREADY_USED 409,
            _MAX_ATTEMPTS_REACHED 400.
    """
    try:
        yield
    except (CodeNotFound, CodeExpired, CodeUsed, TooManyGuesses) as refusal:
        raise code_error(refusal) from None


def code_error(
    refusal: CodeNotFound | CodeExpired | CodeUsed | TooManyGuesses,
) -> KnownError:
    """Return the error for one refusal of ``server/one_time``."""
    match refusal:
        case CodeNotFound():
            return verification_code_not_found()
        case CodeExpired():
            return verification_code_expired()
        case CodeUsed():
            return verification_code_already_used()
        case TooManyGuesses():
            return verification_code_max_attempts_reached()


def verification_code_not_found() -> KnownError:
    """Unknown, of another project, or for something else: one answer for all."""
    return KnownError(
        "VERIFICATION_CODE_NOT_FOUND",
        404,
        "The verification code does not exist for this project.",
    )


def verification_code_expired() -> KnownError:
    """It was good once."""
    return KnownError("VERIFICATION_CODE_EXPIRED", 400, "The verification code has expired.")


def verification_code_already_used() -> KnownError:
    """It has done its work."""
    return KnownError(
        "VERIFICATION_CODE_ALREADY_USED", 409, "The verification link has already been used."
    )


def verification_code_max_attempts_reached() -> KnownError:
    """Its short part was guessed at too often."""
    return KnownError(
        "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED",
        400,
        "The verification code nonce has reached the maximum number of attempts. "
        "This code is not valid anymore.",
    )
