"""A server's database, asked from outside, whichever it is; and a real PostgreSQL that crashes."""

import asyncio
import itertools
import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from keyturn.server.services import DATABASE_FILE
from tests.postgres_ import Cluster


def rows(data: Path, database: str | None, query: str, *values: Any) -> list[Mapping[str, Any]]:
    """Return what ``query`` finds; each ``?`` in it stands for a value.

    Args:
        data: The server's data folder, where SQLite's file lies.
        database: The URL of a PostgreSQL; ``None`` for SQLite.
        query: One statement that both understand.
        values: In the order of the question marks.
    """
    if database is None:
        with closing(sqlite3.connect(f"file:{data / DATABASE_FILE}?mode=ro", uri=True)) as found:
            found.row_factory = sqlite3.Row
            return [dict(row) for row in found.execute(query, values)]
    numbers = itertools.count(1)
    return asyncio.run(
        _fetch(database, re.sub(r"\?", lambda _: f"${next(numbers)}", query), values)
    )


async def _fetch(url: str, query: str, values: tuple[Any, ...]) -> list[Mapping[str, Any]]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [dict(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close(timeout=5)


def crash(cluster: Cluster) -> None:
    """Let the database crash and recover from its log."""
    cluster.stop("immediate")
    cluster.start()


def wait_for_backends_to_end(cluster: Cluster, url: str) -> None:
    """Wait until a killed server's connections are done with what they were told last."""
    name = url.rpartition("/")[2]
    busy = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
    deadline = time.monotonic() + 30
    while cluster.sql(busy) != "0":
        assert time.monotonic() < deadline, "connections of a dead process stay"
        time.sleep(0.01)


def end_connections(cluster: Cluster, name: str) -> None:
    """Break every connection to a database, as a failover does."""
    cluster.sql(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
    )
