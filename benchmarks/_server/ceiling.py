"""``keyturn serve`` with nowhere to keep things: what our own server could do at most.

Everything runs but the database: a rotation is decided on the row in memory, nothing is written and
nothing is synced. Run as a module, with the arguments of ``keyturn``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from keyturn.cli import main
from keyturn.server import services
from keyturn.server.storage.base import Query, Work
from keyturn.server.storage.sqlite import SqliteStorage

_ROTATES = frozenset({"rotate_session", "rotate_plain_session"})


class NoStorage(SqliteStorage):
    """Answers refreshes from memory and leaves everything else to the database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rows: dict[str, dict[str, Any]] = {}

    async def write(self, work: Callable[..., Work[Any]], /, *args: Any, **kwargs: Any) -> Any:
        """Run a rotation here; hand other work on."""
        unit = work(*args, **kwargs)
        query = next(unit, None)
        if query is None or query.name not in _ROTATES:
            return await super().write(work, *args, **kwargs)
        try:
            while True:
                query = unit.send(await self._rotated(query))
        except StopIteration as done:
            return done.value

    async def _rotated(self, query: Any) -> list[dict[str, Any]]:
        if query.name not in _ROTATES:
            return []  # the audit log
        items = query.items if hasattr(query, "items") else [query.params]
        return [await self._moved_on(item) for item in items]

    async def _moved_on(self, asked: Any) -> dict[str, Any]:
        row = self._rows.get(asked["id"])
        if row is None:
            row = self._rows[asked["id"]] = await self.read(_row, asked["id"])
        if row["generation"] != asked["generation"]:
            raise AssertionError("the benchmark sends every token once")
        row["generation"] += 1
        return row


def _row(session_id: str) -> Work[dict[str, Any]]:
    return dict((yield Query("session", {"id": session_id}))[0])


if __name__ == "__main__":
    services.SqliteStorage = NoStorage
    sys.exit(main())
