"""The errors of codes that work once, as published clients know them."""

from __future__ import annotations

import pytest

from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed, TooManyGuesses
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.errors import KnownError


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (CodeNotFound, "VERIFICATION_CODE_NOT_FOUND", 404),
        (CodeExpired, "VERIFICATION_CODE_EXPIRED", 400),
        (CodeUsed, "VERIFICATION_CODE_ALREADY_USED", 409),
        (TooManyGuesses, "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED", 400),
    ],
)
def test_every_refusal_of_a_code_is_the_error_that_clients_know(
    refusal: type[Exception], code: str, status: int
) -> None:
    with pytest.raises(KnownError) as caught, code_refusals():
        raise refusal
    assert (caught.value.code, caught.value.status) == (code, status)


def test_other_failures_pass_through_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), code_refusals():
        raise ZeroDivisionError
