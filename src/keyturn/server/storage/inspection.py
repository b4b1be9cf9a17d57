"""Looking at a database without touching it: no schema is made, no row written, no lock kept.

For commands that an operator runs beside a server, or before one dares to start.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from keyturn.server.storage import migrations, statements
from keyturn.server.storage.base import StorageUnavailable, Work
from keyturn.server.storage.sqlite_connection import drive

P = ParamSpec("P")
R = TypeVar("R")

LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a database says of itself.

    Attributes:
        product: Which database, with its version.
        schema: The number of its last schema change; 0 for an empty database.
        known_schema: The last one that this version of the program knows.
        damage: What the database's own check complains about, if anything.
        unwritable: Why it could not be written, as far as looking tells.
    """

    product: str
    schema: int
    known_schema: int
    damage: str | None
    unwritable: str | None


class Inspected(Protocol):
    """An opened database that can only be read."""

    facts: Facts

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that changes nothing. Raises StorageUnavailable."""
        ...

    async def now_ms(self) -> int | None:
        """Return its own clock, ms since 1970; ``None`` where it has none but this machine's."""
        ...


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection, facts: Facts) -> None:
        self.facts, self._connection = facts, connection
        self._statements = statements.load()

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return drive(self._connection, self._statements, work(*args, **kwargs))
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error

    async def now_ms(self) -> int | None:
        return None


@asynccontextmanager
async def inspected_sqlite(path: Path) -> AsyncIterator[Inspected]:
    """Open a database file for looking.

    Raises:
        FileNotFoundError: there is none.
        StorageUnavailable: it cannot be read, or is no database.
    """
    try:
        with contextlib.closing(_connect(path)) as connection:
            yield _Sqlite(connection, _sqlite_facts(connection, path))
    except sqlite3.Error as error:
        raise StorageUnavailable(str(error)) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.stat()
    # Without a log nobody has the file open; then even SQLite's own side files must not be made.
    log = path.with_name(path.name + "-wal")
    mode = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=LOOK_SECONDS, isolation_level=None
    )
    connection.row_factory = sqlite3.Row
    return connection


def _sqlite_facts(connection: sqlite3.Connection, path: Path) -> Facts:
    return Facts(
        product=f"SQLite {sqlite3.sqlite_version}",
        schema=int(connection.execute("PRAGMA user_version").fetchone()[0]),
        known_schema=migrations.load(migrations.SQLITE_TYPES)[-1][0],
        damage=_damage(connection),
        unwritable=_unwritable(path),
    )


def _damage(connection: sqlite3.Connection) -> str | None:
    deadline = time.monotonic() + LOOK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
    try:
        said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None  # too large to be read through in this time
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return None if said == "ok" else said


def _unwritable(path: Path) -> str | None:
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            return f"{place} cannot be written by this user"
    return None
