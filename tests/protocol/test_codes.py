"""The codes people read: what they are made of, and how forgiving the reading is."""

import pytest

from keyturn.protocol.codes import (
    LOGIN_CODE_LENGTH,
    READABLE_ALPHABET,
    USER_CODE_ALPHABET,
    grouped,
    new_login_code,
    new_user_code,
    normalized_user_code,
)


def test_codes_are_drawn_from_alphabets_without_vowels_or_look_alikes() -> None:
    drawn: list[str] = []

    def choose(alphabet: str) -> str:
        drawn.append(alphabet)
        return alphabet[-1]

    assert new_user_code(choose) == "Z" * 8
    assert set(drawn) == {USER_CODE_ALPHABET}
    assert not set(USER_CODE_ALPHABET) & set("AEIOUY0123456789")
    assert new_login_code(choose) == "Z" * LOGIN_CODE_LENGTH
    assert not set(READABLE_ALPHABET) & set("01IO")
    # 160 bits at least (S-7).
    assert len(READABLE_ALPHABET) ** LOGIN_CODE_LENGTH >= 2**160


@pytest.mark.proves("S-23")
@pytest.mark.parametrize("typed", ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B-M/J_H T"])
def test_case_and_punctuation_of_a_typed_code_do_not_matter(typed: str) -> None:
    assert normalized_user_code(typed) == "WDJBMJHT"


@pytest.mark.parametrize("typed", ["", "WDJB-MJH", "WDJB-MJHTX", "ADJB-MJHT", "WDJB-MJH1"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert normalized_user_code(typed) is None


@pytest.mark.proves("S-9a")
def test_people_see_the_first_eight_characters_in_two_groups() -> None:
    assert grouped("4MZK9TQXREST") == "4MZK-9TQX"
