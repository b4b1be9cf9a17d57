"""What is left of a stranger's text, and how codes and accounts are abbreviated."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.server.pages.text import clean, cleaned, code_groups, initial, isolated


@pytest.mark.proves("T-14")
@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("quartz-07", "quartz-07"),
        ("  quartz  07\n", "quartz 07"),
        ("a\x00b\x1b[2Jc\x7fd\x9be", "ab[2Jcde"),
        ("two\r\nlines\u2028here", "two lines here"),
        ("acme\u202egnp.exe\u202c\u2066x\u2069\u200e\u200f\u061c", "acmegnp.exex"),
        ("ad\u200bmi\u200dn\ufeff\u00ad\u2060", "admin"),
        ("ad\u3164min\u115f\uffa0\u2800", "admin"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("half\ud800", "half"),
        ("\u200b\u3164", ""),
        ("e\u0301", "\u00e9"),
        ("z" + "\u0335" * 40, "z" + "\u0335" * 4),
        ("أداة", "أداة"),
        ("🚀 ship", "🚀 ship"),
    ],
)
def test_what_nobody_can_see_is_taken_out_of_a_name(sent: str, shown: str) -> None:
    assert clean(sent) == shown


@given(st.text(max_size=60))
def test_a_cleaned_name_stays_as_it_is_when_cleaned_again_and_can_be_sent(sent: str) -> None:
    once = clean(sent)

    assert clean(once) == once
    assert "\n" not in once
    once.encode("utf-8")


def test_cleaning_a_view_reaches_every_text_in_it() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Inner:
        name: str

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Outer:
        count: int
        inner: Inner
        many: tuple[Inner, ...]
        words: tuple[str, ...]

    dirty = Inner(name="a\u202eb")
    view = cleaned(Outer(count=3, inner=dirty, many=(dirty,), words=("c\x00d",)))

    assert view == Outer(count=3, inner=Inner(name="ab"), many=(Inner(name="ab"),), words=("cd",))


@pytest.mark.parametrize(
    ("label", "letter"), [("ada@x", "A"), ("  -ada", "A"), ("ßen", "ß"), ("🚀", ""), ("7up", "7")]
)
def test_an_account_is_abbreviated_to_one_capital(label: str, letter: str) -> None:
    assert initial(label) == letter


def test_a_title_keeps_right_to_left_names_apart_and_leaves_others_alone() -> None:
    assert isolated("acme") == "acme"
    assert isolated("אבג") == "\u2068אבג\u2069"


@pytest.mark.parametrize("code", ["WDJBMJHT", "wdjb-mjht", "WDJB MJHT"])
def test_a_code_is_shown_in_two_groups_however_it_was_typed(code: str) -> None:
    assert code_groups(code) == ("WDJB", "MJHT")
