"""Which kinds of mail there are, and who has turned which off. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of mail; all are on until somebody turns them off."""

    id: str
    name: str
    can_disable: bool


# The two that published servers have, by the ids that their clients know.
TRANSACTIONAL = Category(
    id="7bb82d33-2f54-4a3d-9d23-82739e0d66ef", name="Transactional", can_disable=False
)
MARKETING = Category(id="4f6f8873-3d04-46bd-8bef-18338b1a1b4c", name="Marketing", can_disable=True)
CATEGORIES = (TRANSACTIONAL, MARKETING)


def by_id(category_id: str) -> Category | None:
    """Return a category by its id, or ``None``."""
    return next((c for c in CATEGORIES if c.id == category_id), None)


def by_name(name: str) -> Category | None:
    """Return a category by its name, or ``None``."""
    return next((c for c in CATEGORIES if c.name == name), None)


def is_enabled(category: Category, chosen: Mapping[str, bool]) -> bool:
    """Say whether a user gets mails of a category, given what it has chosen by category id."""
    return not category.can_disable or chosen.get(category.id, True)
