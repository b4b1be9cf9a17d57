"""What became of a transaction when the answer to its COMMIT was lost.

PostgreSQL remembers how each transaction ended, by its number. After a crash it hands out again the
numbers that never reached its log, so what it says about a number holds only as long as it has not
crashed in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import asyncpg

log: logging.Logger = logging.getLogger("keyturn.postgres")

CONNECT_SECONDS = 5.0
IN_DOUBT_SECONDS = 10.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 1.0
# One life of a server: a start brings another time, a crash that it survives other processes.
LIFE = """
SELECT concat_ws(' ', pg_postmaster_start_time(), (
  SELECT min(pid) FROM pg_stat_activity WHERE datid IS NULL AND usesysid IS NULL))
"""
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a broken connection answers before it knows that it is
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
    OSError,
    TimeoutError,
)
# One that knows in ``life`` which life of the server it belongs to; it does not outlive it. No unit
# of work leaves anything in its session, so there is nothing to ask the server to reset after each.
CONNECTION: Any = type(
    "Connection", (asyncpg.Connection,), {"life": "", "get_reset_query": lambda _: ""}
)


async def learn_life(connection: Any) -> None:
    """Set ``life``; for a pool's ``init``."""
    connection.life = await connection.fetchval(LIFE)


async def was_committed(url: str, number: str, life: str) -> bool:
    """Ask a fresh connection about a transaction; wait for one that is still in progress.

    Args:
        url: The database.
        number: ``pg_current_xact_id()`` of the transaction.
        life: Of the server that it ran on.

    Returns:
        False where nobody can say: a server that crashed may have given the number to another.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + IN_DOUBT_SECONDS, FIRST_PAUSE_SECONDS
    while loop.time() < deadline:
        with contextlib.suppress(asyncpg.PostgresError, *GONE):
            status = await _status(url, number, life)
            if status != "in progress":
                log.warning("a commit whose answer was lost turned out %s", status)
                return status == "committed"
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    return False


async def _status(url: str, number: str, life: str) -> str:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        if await connection.fetchval(LIFE) != life:
            return "unknown"
        return str(await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", number))
    finally:
        await connection.close(timeout=1)
