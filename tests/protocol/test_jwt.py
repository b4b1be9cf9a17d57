"""Looking into tokens: whatever they hold, the look is harmless."""

import base64
import json
from typing import Any

import pytest

from keyturn.protocol.jwt import finite_number, numeric_date, unverified_claims


def jwt(claims: Any) -> str:
    """Return an unsigned token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.x"


def test_the_claims_of_a_jwt_can_be_read() -> None:
    assert unverified_claims(jwt({"sub": "ada", "exp": 5})) == {"sub": "ada", "exp": 5}


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(
    "token",
    [
        "opaque",
        "",
        "a.b",
        "a.b.c.d",
        "e30.!!!.x",
        "e30.YQ.x",
        "e30.gA.x",
        jwt(["no", "object"]),
        jwt({"sub": "x" * 70_000}),
        "e30." + base64.urlsafe_b64encode(b"[" * 40_000).decode() + ".x",
    ],
    ids=lambda token: token[:20],
)
def test_what_is_no_readable_jwt_has_no_claims(token: str) -> None:
    assert unverified_claims(token) == {}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0.0),
        (3600, 3600.0),
        (1.5, 1.5),
        ("3600", 3600.0),
        (" 60 ", 60.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("9" * 20, None),
        (-1, None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
@pytest.mark.proves("K-29")
def test_only_what_a_clock_could_show_is_a_number(value: object, number: float | None) -> None:
    assert finite_number(value) == number
    assert numeric_date({"exp": value}, "exp") == number
