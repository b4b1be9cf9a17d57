"""PostgreSQL: any number of processes, each with a pool of connections and one that listens.

Units of work that write run SERIALIZABLE, so what is right with SQLite's one writer is right here;
what the database cannot fit into an order it refuses, and the unit runs again from its start. One
that is ``conditional`` is right in any order and needs no transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

import asyncpg

from keyturn.server.storage import statements
from keyturn.server.storage.base import (
    Many,
    Query,
    StorageConflict,
    StorageUnavailable,
    Work,
    is_conditional,
)
from keyturn.server.storage.postgres_doubt import CONNECTION, GONE, learn_life, was_committed
from keyturn.server.storage.postgres_listener import CHANNEL, Listener
from keyturn.server.storage.postgres_schema import migrate
from keyturn.server.storage.postgres_text import Text, numbered

P = ParamSpec("P")
R = TypeVar("R")

CONNECTIONS = 10
WAIT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
ATTEMPTS = 3
MOST_ATTEMPTS = 40
FIRST_PAUSE_SECONDS = 0.001
LONGEST_PAUSE_SECONDS = 0.1
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# A connection of ours must not be one that acknowledges early, whatever the server's default says.
SESSION = {
    "application_name": "keyturn",
    "synchronous_commit": "on",
    # Transactions of units of work say that they are serializable; a statement alone need not be.
    "default_transaction_isolation": "read committed",
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "jit": "off",
}


class PostgresStorage:
    """One database; every process opens it with a pool of its own.

    Args:
        url: ``postgresql://user@host/name``; the parts and variables that libpq knows.
        connections: The most this process uses at once, besides the one that listens.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._url, self._size = url, connections
        self._texts: dict[str, Text] = {
            name: numbered(text) for name, text in statements.load().items()
        }
        self._texts["announce"] = numbered(f"SELECT pg_notify('{CHANNEL}', :topic)")
        self._for_many: dict[str, Text] = {
            name: numbered(text) for name, text in statements.load_for_many("postgres").items()
        }
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._listener = Listener(url)
        self._running: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Create or migrate the schema, fill the pool, begin to listen.

        Raises:
            StorageUnavailable: no connection, or the schema was made by a newer version.
        """
        try:
            await migrate(self._url, connect_seconds=WAIT_SECONDS)
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._size,
                timeout=WAIT_SECONDS,
                command_timeout=STATEMENT_SECONDS + 5,
                max_inactive_connection_lifetime=300,
                server_settings=SESSION,
                connection_class=CONNECTION,
                init=learn_life,
            )
            await self._listener.start()
        except BaseException as error:
            await self._let_go()
            if isinstance(error, (asyncpg.PostgresError, *GONE, ValueError)):
                raise StorageUnavailable(f"PostgreSQL: {error or type(error).__name__}") from error
            raise

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that changes nothing."""
        return await self._done(
            partial(self._alone, self._open_pool(), partial(work, *args, **kwargs))
        )

    async def write(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work in a transaction; return only once it is durable."""
        run = self._alone if is_conditional(work) else self._in_transaction
        attempt = partial(run, self._open_pool(), partial(work, *args, **kwargs))
        # A caller that goes away must not leave a transaction half cancelled: it runs to its end.
        task = asyncio.create_task(self._done(attempt))
        self._running.add(task)
        task.add_done_callback(self._ended)
        result: R = await asyncio.shield(task)
        return result

    def subscribe(self, told: Callable[[str | None], None]) -> bool:
        """Have ``told`` called with each topic announced; see ``Storage.subscribe``."""
        self._listener.told = told
        return True

    async def changes(self) -> object:
        """Return always the same: whoever subscribes is told."""
        return None

    async def close(self) -> None:
        """Finish what was accepted, then close every connection."""
        pool, self._pool = self._pool, None
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self._listener.stop()
        if pool is not None:
            await _closed(pool)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # somebody who went away does not fetch it

    async def _done(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """Try until the database has found an order for it; turn errors into those promised."""
        pause = FIRST_PAUSE_SECONDS
        for _ in range(MOST_ATTEMPTS):
            try:
                return await attempt()
            except _AGAIN:
                # Those who collided must not meet again at once.
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            except asyncpg.IntegrityConstraintViolationError as error:
                raise StorageConflict(_named(error)) from error
            except (asyncpg.PostgresError, *GONE) as error:
                raise StorageUnavailable(_named(error)) from error
        raise StorageUnavailable("others keep changing the same rows")

    async def _alone(self, pool: asyncpg.Pool[asyncpg.Record], start: Callable[[], Work[R]]) -> R:
        """Run statements without a transaction around them, once more if a connection breaks.

        They only read, or they are ``conditional``. A pool is full of broken connections once the
        database was restarted.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                async with pool.acquire(timeout=WAIT_SECONDS) as connection:
                    try:
                        return await self._drive(connection, start())
                    except GONE:
                        connection.terminate()
                        raise
            except TimeoutError:
                raise  # nothing is broken: every connection is busy, or the statement takes long
            except GONE:
                if not left or self._pool is None:
                    raise
                await pool.expire_connections()
        raise AssertionError("unreachable")

    async def _in_transaction(
        self, pool: asyncpg.Pool[asyncpg.Record], start: Callable[[], Work[R]]
    ) -> R:
        """Run once; where the answer to COMMIT is lost, find out what became of it."""
        number: str | None = None
        life, committing, committed = "", False, False
        try:
            async with pool.acquire(timeout=WAIT_SECONDS) as connection:
                transaction = connection.transaction(isolation="serializable")
                await transaction.start()
                try:
                    result = await self._drive(connection, start())
                    number = await connection.fetchval(
                        "SELECT pg_current_xact_id_if_assigned()::text"
                    )
                except BaseException:
                    with contextlib.suppress(asyncpg.PostgresError, *GONE):
                        await transaction.rollback()
                    raise
                life, committing = connection.life, True
                await transaction.commit()
                committed = True
            return result
        except GONE:
            if committed:  # and the connection broke while it went back to the pool
                return result
            if not committing or number is None:
                raise
            if await was_committed(self._url, number, life):
                return result
            raise

    async def _drive(self, connection: Any, work: Work[R]) -> R:
        try:
            query = next(work)
            while True:
                query = work.send(await self._fetch(connection, query))
        except StopIteration as done:
            result: R = done.value
            return result

    async def _fetch(self, connection: Any, query: Query | Many) -> Any:
        if isinstance(query, Many):
            items = json.dumps([dict(item) for item in query.items])
            return await connection.fetch(self._for_many[query.name].sql, items)
        text = self._texts[query.name]
        return await connection.fetch(text.sql, *text.values(query.params))

    def _open_pool(self) -> asyncpg.Pool[asyncpg.Record]:
        if self._pool is None:
            raise StorageUnavailable("the database is closed")
        return self._pool

    async def _let_go(self) -> None:
        await self._listener.stop()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()


async def _closed(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    try:
        await asyncio.wait_for(pool.close(), WAIT_SECONDS)
    except TimeoutError:
        pool.terminate()


def _named(error: BaseException) -> str:
    """Say what went wrong, without the row that a detail may quote."""
    return f"{type(error).__name__}: {error.args[0] if error.args else ''}"
