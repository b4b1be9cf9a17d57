"""The text of every statement, by feature, read once from the ``.sql`` files beside this one."""

from __future__ import annotations

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load() -> dict[str, str]:
    """Return every statement by name. Two statements of one name are a mistake in this package."""
    found: dict[str, str] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            _collect(file.read_text("utf-8"), file.name, found)
    return found


def _collect(text: str, origin: str, found: dict[str, str]) -> None:
    parts = _NAME.split(text)[1:]
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"{origin}: a second statement is named {name}")
        found[name] = body.strip().rstrip(";")
