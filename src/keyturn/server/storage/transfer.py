"""Moving from SQLite to PostgreSQL beside running servers: wholly there, or wholly here.

The copy holds SQLite's one write lock, so what is read stays true: a write that comes in the
meantime waits, and is put off with 503 when that takes too long. The lock ends with the process
that holds it, so nothing has to be cleared after a crash. Three commits make the move:

1. PostgreSQL: every row, verified, and a mark that the destination may not be used yet.
2. SQLite: the tables are handed over. This one is the move.
3. PostgreSQL: the mark goes.

Before 2 the source is in use, and a new move empties the destination first. After 2 a new move only
does 3. So at no time both can be written, and at no time neither is whole.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from keyturn.server.storage import postgres_schema as schema
from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.storage.sqlite_connection import connect, migrate
from keyturn.server.storage.sqlite_moved import Moved, hand_over, moved, tables
from keyturn.server.storage.transfer_tables import copy

CONNECT_SECONDS = 10.0
# Writers of other processes take their turns without a queue.
LOCK_SECONDS = 60.0
_SESSION = {
    "application_name": "keyturn migrate",
    "synchronous_commit": "on",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "timezone": "UTC",
}

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A finished move.

    Attributes:
        where: The destination without user, password and options.
        rows: How many rows each table had; empty where an earlier run had copied them.
    """

    where: str
    rows: dict[str, int] = field(default_factory=dict)


async def transfer(path: Path, url: str, *, told: Told) -> Transferred:
    """Move everything from the SQLite file to an empty PostgreSQL database.

    Args:
        path: The source; servers may be running on it.
        url: The destination, ``postgresql://...``.
        told: Hears each step as a line.

    Raises:
        StorageUnavailable: nothing was moved, or the text says how to finish. It quotes no secret.
    """
    where = place(url)
    try:
        with _source(path) as source:
            async with _destination(url) as connection:
                if (earlier := moved(source)) is not None:
                    await _finish(connection, earlier, told)
                    return Transferred(where=earlier.where)
                return await _move(source, connection, where, told)
    except sqlite3.Error as error:
        raise StorageUnavailable(f"{path}: {error}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise StorageUnavailable(f"{where}: {schema.named(error)}") from error


def place(url: str) -> str:
    """Return a database's address without user, password and options."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise StorageUnavailable("--to is no address of a PostgreSQL database") from None
    return f"postgresql://{parts.hostname or ''}{port}{parts.path}"


async def _move(source: sqlite3.Connection, connection: Any, where: str, told: Told) -> Transferred:
    migrate(source)
    with _locked(source):
        told("writes to the old database wait from now on")
        if (other := moved(source)) is not None:
            raise other.refusal()
        move = Moved(where=where, move=uuid4().hex)
        async with connection.transaction(isolation="read_committed"):
            rows = await _fill(source, connection, move, told)
        told("the new database is complete")
        hand_over(source, move)
    told("the old database is closed to every server")
    await _finish(connection, move, told)
    return Transferred(where=where, rows=rows)


async def _fill(
    source: sqlite3.Connection, connection: Any, move: Moved, told: Told
) -> dict[str, int]:
    secret = _fingerprint(source)
    names = tables(source)
    await _make_empty(connection, secret, names)
    await schema.upgrade(connection)
    await schema.mark_arriving(connection, move.move, secret)
    rows = {}
    for name in names:
        said = await copy(source, connection, name, lambda n, name=name: told(f"{name}: {n} rows"))  # type: ignore[misc]
        rows[name] = said.rows
    told("every table was read back and is the same")
    return rows


async def _make_empty(connection: Any, secret: str, ours: list[str]) -> None:
    """Clear what a broken move of this very source has left; refuse what anybody else has there."""
    found = await schema.tables(connection)
    arriving = await schema.arriving(connection)
    leftover = arriving is not None and arriving.secret == secret
    if strange := set(found) - set(ours) - schema.OWN:
        raise StorageUnavailable(f"the destination is not empty: it has a table {min(strange)}")
    for name in sorted(set(found) & set(ours)):
        if leftover:
            await connection.execute(f'TRUNCATE "{name}" CASCADE')
        elif await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{name}")'):  # noqa: S608
            raise StorageUnavailable(f"the destination is not empty: {name} has rows")
    if leftover:
        await schema.clear_arriving(connection)
    elif arriving is not None:
        raise StorageUnavailable("another database is being moved to this destination")


async def _finish(connection: Any, move: Moved, told: Told) -> None:
    try:
        arriving = await schema.arriving(connection)
        if arriving is None or arriving.move != move.move:
            raise move.refusal()
        await schema.clear_arriving(connection)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise StorageUnavailable(
            f"{schema.named(error)}. All is copied; the same command once more opens {move.where}."
        ) from error
    told("the new database is open")


def _fingerprint(source: sqlite3.Connection) -> str:
    row = source.execute("SELECT value FROM server_meta WHERE name = 'secret'").fetchone()
    if row is None:
        raise StorageUnavailable("no server has ever used this database: there is nothing to move")
    return str(row[0])


@contextmanager
def _source(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise StorageUnavailable(f"there is no database at {path}")
    with contextlib.closing(connect(path, busy_timeout_seconds=LOCK_SECONDS)) as source:
        yield source


@contextmanager
def _locked(source: sqlite3.Connection) -> Iterator[None]:
    source.execute("BEGIN IMMEDIATE")
    try:
        yield
        source.execute("COMMIT")
    finally:
        if source.in_transaction:
            source.execute("ROLLBACK")


@asynccontextmanager
async def _destination(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=_SESSION)
    try:
        await schema.lock(connection)
        yield connection
    finally:
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.close(timeout=5)
