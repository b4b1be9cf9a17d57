"""Makes text from strangers safe to show: what nobody can see, nobody can be fooled with.

Escaping is the template engine's work. This module removes what escaping leaves in place: control
characters, characters that turn the reading direction, and characters without any width.
"""

from __future__ import annotations

import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_View = TypeVar("_View", bound="DataclassInstance")

# Control characters, format characters (bidirectional marks and zero-width ones), half surrogates.
_REMOVED = frozenset({"Cc", "Cf", "Cs"})
# Nothing to see either, though Unicode counts them as letters, marks, symbols or unassigned: its
# Default_Ignorable_Code_Point (DerivedCoreProperties.txt) and the blank Braille pattern.
_BLANK_RANGES = (
    *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065)),
    *((0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    (0xE0000, 0xE0FFF),
)
_SPACES = frozenset("\t\n\v\f\r\u0085\u2028\u2029")
# Living scripts stack fewer; beyond that, marks pile up over the lines above and below.
_MARKS_IN_A_ROW = 4


def clean(text: str) -> str:
    """Return ``text`` in one line, without invisible, direction-turning or piled-up characters.

    Joined emoji fall into their parts and soft hyphens vanish: a name is shown so that two names
    that look the same are the same as far as this can help it.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character in _SPACES or category == "Zs":
            kept.append(" ")
        elif marks <= _MARKS_IN_A_ROW and not _is_invisible(character, category):
            kept.append(character)
    return " ".join("".join(kept).split())


def _is_invisible(character: str, category: str) -> bool:
    return category in _REMOVED or any(
        first <= ord(character) <= last for first, last in _BLANK_RANGES
    )


def cleaned(view: _View) -> _View:
    """Return a copy of a frozen view in which every text, however deep, went through `clean`."""
    return replace(view, **{f.name: _cleaned_value(getattr(view, f.name)) for f in fields(view)})


def _cleaned_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return tuple(map(_cleaned_value, value))
    if is_dataclass(value) and not isinstance(value, type):
        return cleaned(value)
    return value


def initial(label: str) -> str:
    """Return the capital that stands for an account, or nothing if no letter or digit is there."""
    first = next((character for character in label if character.isalnum()), "")
    # One letter only: the capital of some single letters is two.
    return first.upper() if len(first.upper()) == 1 else first


def isolated(text: str) -> str:
    """Return ``text`` for a place that takes no markup, such as a title, kept from its neighbours.

    Right-to-left text gets the isolating marks that ``<bdi>`` stands for elsewhere.
    """
    turns = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return f"\u2068{text}\u2069" if turns else text


def code_groups(code: str) -> tuple[str, ...]:
    """Return the letters of a code in groups of four, as terminals show them."""
    letters = "".join(character for character in code.upper() if character.isalnum())
    return tuple(letters[start : start + 4] for start in range(0, len(letters), 4))
