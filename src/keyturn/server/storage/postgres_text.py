"""Statements as PostgreSQL wants them: ``$1`` for ``:name``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What must not be looked into, then what is wanted. Casts are written CAST(... AS ...), so a colon
# before a name is always a parameter.
_PARTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|:([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Text:
    """One statement and the names of its parameters, in the order of their numbers."""

    sql: str
    names: tuple[str, ...]

    def values(self, params: Mapping[str, Any]) -> list[Any]:
        """Return the parameters' values in that order."""
        return [params[name] for name in self.names]


def numbered(text: str) -> Text:
    """Return a statement with numbered parameters; a name that occurs twice keeps its number."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name: str | None = match[1]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return Text(_PARTS.sub(number, text), tuple(names))
