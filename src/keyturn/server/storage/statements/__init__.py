"""The text of every statement, by feature, read once from the ``.sql`` files beside this one."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load() -> dict[str, str]:
    """Return every statement by name. Two statements of one name are a mistake in this package."""
    return _loaded(resources.files(__name__))


def load_for_many(database: Literal["postgres", "sqlite"]) -> dict[str, str]:
    """Return the statements of a database for many items at once.

    Their one parameter is ``:items``, a JSON array of objects with the parameters of each.
    """
    return _loaded(resources.files(__name__) / database)


def _loaded(folder: Traversable) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            _collect(file.read_text("utf-8"), file.name, found)
    return found


def _collect(text: str, origin: str, found: dict[str, str]) -> None:
    parts = _NAME.split(text)[1:]
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"{origin}: a second statement is named {name}")
        found[name] = body.strip().rstrip(";")
