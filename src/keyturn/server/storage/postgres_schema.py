"""The schema on PostgreSQL: the same numbered changes, one process at a time."""

from __future__ import annotations

import asyncpg

from keyturn.server.storage import migrations
from keyturn.server.storage.base import StorageUnavailable

TYPES = {"$INT": "BIGINT", "$BLOB": "BYTEA", "$TEXT": "TEXT"}
# Any fixed number; whoever migrates holds it, and the others wait.
LOCK = 0x6B657974


async def migrate(url: str, *, connect_seconds: float) -> None:
    """Bring the schema up to date, all or nothing.

    Args:
        url: The database.
        connect_seconds: For connecting. Waiting for another process's migration has no bound.

    Raises:
        StorageUnavailable: a newer version of this program made it.
        asyncpg.PostgresError, OSError: no connection, or no permission.
    """
    connection = await asyncpg.connect(url, timeout=connect_seconds)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
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
    finally:
        await connection.close(timeout=1)
