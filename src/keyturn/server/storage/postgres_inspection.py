"""Looking at a PostgreSQL database without changing it: one connection that may only read."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

import asyncpg

from keyturn.server.storage import migrations, statements
from keyturn.server.storage.base import Query, StorageUnavailable, Work
from keyturn.server.storage.inspection import LOOK_SECONDS, Facts, Inspected
from keyturn.server.storage.postgres_schema import TYPES
from keyturn.server.storage.postgres_text import numbered

P = ParamSpec("P")
R = TypeVar("R")


class _Postgres:
    def __init__(self, connection: asyncpg.Connection[Any], facts: Facts) -> None:
        self.facts, self._connection = facts, connection
        self._statements = statements.load()

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        unit = work(*args, **kwargs)
        try:
            query = next(unit)
            while True:
                assert isinstance(query, Query)  # noqa: S101 - what is for many, writes
                text = numbered(self._statements[query.name])
                rows = await self._connection.fetch(text.sql, *text.values(query.params))
                query = unit.send(list(rows))
        except StopIteration as done:
            result: R = done.value
            return result
        except (asyncpg.PostgresError, TimeoutError) as error:
            raise StorageUnavailable(f"PostgreSQL: {type(error).__name__}") from error

    async def now_ms(self) -> int | None:
        told: int = await self._connection.fetchval(
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
        )
        return told


@asynccontextmanager
async def inspected_postgres(url: str) -> AsyncIterator[Inspected]:
    """Open a database for looking.

    Raises:
        StorageUnavailable: no connection. The text names neither user nor password.
    """
    try:
        connection = await asyncpg.connect(
            url,
            timeout=LOOK_SECONDS,
            command_timeout=LOOK_SECONDS,
            server_settings={"application_name": "keyturn doctor"},
        )
        facts = await _facts(connection)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise StorageUnavailable(f"PostgreSQL cannot be used: {type(error).__name__}") from error
    try:
        await connection.execute("SET default_transaction_read_only = on")
        yield _Postgres(connection, facts)
    finally:
        with contextlib.suppress(asyncpg.PostgresError, OSError, TimeoutError):
            await connection.close(timeout=1)


async def _facts(connection: asyncpg.Connection[Any]) -> Facts:
    schema = 0
    if await connection.fetchval("SELECT to_regclass('keyturn_schema') IS NOT NULL"):
        schema = await connection.fetchval("SELECT max(number) FROM keyturn_schema") or 0
    version = await connection.fetchval("SHOW server_version")
    reads_only = await connection.fetchval("SHOW default_transaction_read_only") == "on"
    standby = await connection.fetchval("SELECT pg_is_in_recovery()")
    return Facts(
        product=f"PostgreSQL {str(version).split()[0]}",
        schema=schema,
        known_schema=migrations.load(TYPES)[-1][0],
        damage=None,
        unwritable="it is a standby or read-only" if standby or reads_only else None,
    )
