"""Server text on a terminal: nothing of it may move the cursor or the reading order."""

import pytest

from keyturn.protocol.display import printable


@pytest.mark.proves("K-42")
@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b[2J\x1b[1;1Hgone", "[2J[1;1Hgone"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("\u202eexe.gnp", "exe.gnp"),
        ("a\u2066b\u2069c\u200fd\ufeffe", "abcde"),
        ("para\u2029graph\u2028line", "para graph line"),
        ("half \ud800 a pair", "half a pair"),
        ("private \ue000 use", "private use"),
        ("   ", ""),
        ("Zoë \u4e2d\u6587 e\u0301", "Zoë \u4e2d\u6587 e\u0301"),
    ],
)
def test_what_a_terminal_would_act_on_is_taken_out(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


def test_long_text_is_cut_and_costs_little() -> None:
    assert printable("x" * 10_000_000, limit=10) == "xxxxxxx..."
    assert printable("x" * 10, limit=10) == "x" * 10
