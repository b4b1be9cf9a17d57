"""Numbered schema changes, applied in order and never edited once released.

The files use three words that each database spells its own way: ``$INT`` (64 bits), ``$BLOB``
(bytes) and ``$TEXT``.
"""

from __future__ import annotations

from importlib import resources

SQLITE_TYPES = {"$INT": "INTEGER", "$BLOB": "BLOB", "$TEXT": "TEXT"}


def load(types: dict[str, str]) -> list[tuple[int, str]]:
    """Return ``(number, script)`` pairs in order, with ``types`` filled in."""
    found = []
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".sql"):
            script = file.read_text("utf-8")
            for word, spelling in types.items():
                script = script.replace(word, spelling)
            found.append((int(file.name.split("_")[0]), script))
    return sorted(found)
