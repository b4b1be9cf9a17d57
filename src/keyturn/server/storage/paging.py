"""Asking for one page of a list at a time, from a cursor on (keyset paging)."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is wanted.

    Attributes:
        cursor: The id of the last item seen; empty for the first page.
        limit: How many items.
        descending: Newest first.
        query: Text to search for; empty for everything.
    """

    cursor: str = ""
    limit: int = LARGEST_PAGE
    descending: bool = False
    query: str = ""

    @property
    def direction(self) -> int:
        """Return what an ordering number is multiplied with: 1 or -1."""
        return -1 if self.descending else 1


def like(text: str) -> str:
    """Return the LIKE pattern (escape: backslash) for "contains", or nothing for nothing."""
    if not text:
        return ""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
