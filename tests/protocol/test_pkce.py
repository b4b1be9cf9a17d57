"""PKCE: the published example, and everything that must not match."""

import pytest

from keyturn.protocol.pkce import challenge_for, matches, new_verifier

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_is_the_one_of_rfc_7636_appendix_b() -> None:
    assert challenge_for(VERIFIER) == CHALLENGE
    assert matches(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        (VERIFIER, CHALLENGE[:-1] + "N"),
        (VERIFIER, CHALLENGE + "="),
        (VERIFIER, ""),
        (VERIFIER, VERIFIER),
        (VERIFIER, "é"),
        (VERIFIER[:42], challenge_for(VERIFIER[:42])),
        ("a" * 129, challenge_for("a" * 129)),
        ("a" * 42 + "+", challenge_for("a" * 42 + "+")),
        ("a" * 42 + "é", CHALLENGE),
    ],
)
@pytest.mark.proves("K-43")
def test_anything_else_does_not_match(verifier: str, challenge: str) -> None:
    assert not matches(verifier, challenge)


@pytest.mark.parametrize("length", [43, 128])
def test_the_shortest_and_the_longest_verifier_match(length: int) -> None:
    assert matches("~" * length, challenge_for("~" * length))


@pytest.mark.proves("K-43")
def test_a_new_verifier_is_made_of_32_random_bytes() -> None:
    asked = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    assert new_verifier(random_bytes) == "_" * 42 + "8"
    assert asked == [32]
