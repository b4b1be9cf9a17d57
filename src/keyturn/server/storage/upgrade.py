"""Bringing a database's schema up to date without starting a server."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.storage.sqlite_connection import connect
from keyturn.server.storage.sqlite_connection import migrate as migrate_sqlite

WAIT_SECONDS = 10.0


async def upgrade(database: Path | str) -> tuple[int, int]:
    """Bring the schema up to date, all or nothing; servers may be running.

    Args:
        database: SQLite's file, or the URL of a PostgreSQL.

    Returns:
        The schema's number before and after.

    Raises:
        StorageUnavailable: a newer version made it, it has moved away, or it cannot be reached.
    """
    if isinstance(database, str):
        return await _postgres(database)
    try:
        with contextlib.closing(connect(database, busy_timeout_seconds=WAIT_SECONDS)) as opened:
            return migrate_sqlite(opened)
    except (sqlite3.Error, OSError) as error:
        raise StorageUnavailable(f"{database}: {error}") from error


async def _postgres(url: str) -> tuple[int, int]:
    import asyncpg

    from keyturn.server.storage import postgres_schema

    try:
        return await postgres_schema.migrate(url, connect_seconds=WAIT_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise StorageUnavailable(f"PostgreSQL: {postgres_schema.named(error)}") from error
