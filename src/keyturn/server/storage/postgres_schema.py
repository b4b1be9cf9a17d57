"""The schema on PostgreSQL: the same numbered changes, one process at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg

from keyturn.server.storage import migrations
from keyturn.server.storage.base import StorageUnavailable

TYPES = {"$INT": "BIGINT", "$BLOB": "BYTEA", "$TEXT": "TEXT"}
# Any fixed number; whoever migrates or moves holds it, and the others wait.
LOCK = 0x6B657974
LOCK_SECONDS = 20.0
# Tables that are about the database, not of it.
OWN = frozenset({"keyturn_schema", "keyturn_arriving"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """A move from SQLite that has filled this database and is not finished.

    Attributes:
        move: Its name, which the source knows once it has handed everything over.
        secret: The fingerprint of the source's secret: whose data this is.
    """

    move: str
    secret: str


async def migrate(url: str, *, connect_seconds: float) -> tuple[int, int]:
    """Bring the schema up to date, all or nothing.

    Args:
        url: The database.
        connect_seconds: For connecting. Waiting for another process's migration has no bound.

    Returns:
        The schema's number before and after.

    Raises:
        StorageUnavailable: a newer version of this program made it, or a move to it is unfinished.
        asyncpg.PostgresError, OSError: no connection, or no permission.
    """
    connection = await asyncpg.connect(url, timeout=connect_seconds)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        if await arriving(connection) is not None:
            raise StorageUnavailable(
                "a move to this database is not finished: run `keyturn migrate --to` once more"
            )
        return await upgrade(connection)
    finally:
        await connection.close(timeout=1)


async def upgrade(connection: Any) -> tuple[int, int]:
    """Bring the schema up to date on a connection that holds the lock; see ``migrate``."""
    async with connection.transaction():
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS keyturn_schema (number BIGINT NOT NULL)"
        )
        version = await connection.fetchval("SELECT MAX(number) FROM keyturn_schema") or 0
        known = migrations.load(TYPES)
        if version > known[-1][0]:
            raise StorageUnavailable(
                f"the database has schema {version}, this version knows {known[-1][0]}"
            )
        for number, script in known:
            if number > version:
                await connection.execute(script)
                await connection.execute("DELETE FROM keyturn_schema")
                await connection.execute("INSERT INTO keyturn_schema VALUES ($1)", number)
    return version, known[-1][0]


async def lock(connection: Any) -> None:
    """Take the lock that migrations take, until the connection ends. Raises StorageUnavailable."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LOCK_SECONDS
    while not await connection.fetchval(f"SELECT pg_try_advisory_lock({LOCK})"):
        if loop.time() > deadline:
            raise StorageUnavailable("another process is migrating or filling the destination")
        await asyncio.sleep(0.1)


async def tables(connection: Any) -> list[str]:
    """Return the names of all tables in the schema that new ones go to."""
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    return [str(row["tablename"]) for row in rows]


async def arriving(connection: Any) -> Arriving | None:
    """Return the unfinished move to this database, if there is one."""
    if not await connection.fetchval("SELECT to_regclass('keyturn_arriving') IS NOT NULL"):
        return None
    row = await connection.fetchrow("SELECT move, secret FROM keyturn_arriving")
    return Arriving(move=row["move"], secret=row["secret"])


async def mark_arriving(connection: Any, move: str, secret: str) -> None:
    """Keep every server away from this database until ``clear_arriving``."""
    await connection.execute(
        "CREATE TABLE keyturn_arriving (move TEXT NOT NULL, secret TEXT NOT NULL)"
    )
    await connection.execute("INSERT INTO keyturn_arriving VALUES ($1, $2)", move, secret)


async def clear_arriving(connection: Any) -> None:
    """Let servers use this database."""
    await connection.execute("DROP TABLE keyturn_arriving")


def named(error: BaseException) -> str:
    """Say what went wrong, without an address and without the row that a detail may quote."""
    if isinstance(error, asyncpg.PostgresError):
        return f"{type(error).__name__}: {error.args[0] if error.args else ''}"
    return type(error).__name__
