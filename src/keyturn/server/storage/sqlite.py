"""SQLite through the standard library: one writer whose transactions share a commit.

WAL with synchronous=FULL: replayed power cuts lose acknowledged writes under NORMAL and none under
FULL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from keyturn.server.storage import statements
from keyturn.server.storage.base import StorageUnavailable, Work
from keyturn.server.storage.sqlite_connection import connect, drive, migrate
from keyturn.server.storage.sqlite_moved import unavailable
from keyturn.server.storage.sqlite_writer import Job, Writer

P = ParamSpec("P")
R = TypeVar("R")

BUSY_TIMEOUT_SECONDS = 5.0
# File times move in ticks of at most 10 ms; this is surely longer.
TICK_SECONDS = 0.05


class SqliteStorage:
    """One database file. Several processes may share it; each has one writer thread.

    Args:
        path: The database file; made where it is missing, its folder not.
        busy_timeout_seconds: How long to wait while another process writes.
    """

    def __init__(self, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
        self._path, self._busy_timeout = path, busy_timeout_seconds
        self._statements = statements.load() | statements.load_for_many("sqlite")
        self._gathered: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        self._connections: list[sqlite3.Connection] = []
        self._reader: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._log_seen: object = self  # unlike anything a look at the file gives
        self._log_seen_at = 0.0
        self._log_settled = False
        self._version: object = None

    def open(self) -> None:
        """Create or migrate the schema and start the writer.

        Raises:
            StorageUnavailable: the file cannot be opened, or was made by a newer version.
        """
        try:
            writer = self._connect()
            migrate(writer)
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            raise StorageUnavailable(f"{self._path}: {self._why(error)}") from error
        except BaseException:
            self._let_go()
            raise
        self._writer = Writer(writer, self._statements)
        self._writer.start()

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that changes nothing.

        Point look-ups take some 20 microseconds, less than handing them to another thread would.
        """
        if self._reader is None:
            raise StorageUnavailable("the database is closed")
        try:
            return drive(self._reader, self._statements, work(*args, **kwargs))
        except sqlite3.Error as error:
            raise unavailable(self._reader, error) from error

    async def write(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work in a transaction; return only once it is durable."""
        result: R = await self._done(lambda: work(*args, **kwargs))
        return result

    def subscribe(self, told: Callable[[str | None], None]) -> bool:
        """Say that SQLite cannot notify."""
        return False

    async def changes(self) -> object:
        """Return a value that differs once another process has written.

        While nobody writes, this is one look at the write-ahead log's size and time and no
        statement. Once they differ the database is asked: it knows its own writes from others',
        and every own write would otherwise send all waiters looking.
        """
        facts, now = self._log_facts(), asyncio.get_running_loop().time()
        if facts != self._log_seen:
            self._log_seen, self._log_seen_at, self._log_settled = facts, now, False
        if not self._log_settled:
            # A second write within the same tick changes no facts. So the database is asked until
            # the tick is over, and once after that.
            self._log_settled = now - self._log_seen_at > TICK_SECONDS
            self._version = await self._done(None)
        return self._version

    async def close(self) -> None:
        """Finish what was accepted, then close the file."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        for loop in list(self._gathered):
            self._hand_over(writer, loop)
        await asyncio.to_thread(writer.finish)
        self._let_go()

    async def _done(self, start: Callable[[], Work[Any]] | None) -> Any:
        if self._writer is None:
            raise StorageUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        job = Job(start, loop.create_future(), loop)
        self._gather(self._writer, job)
        return await job.future

    def _gather(self, writer: Writer, job: Job) -> None:
        """Keep what one turn of the event loop asks for together, so that it shares a commit.

        Handed over one by one, the writer would wake for the first and commit it alone.
        """
        waiting = self._gathered.get(job.loop)
        if waiting is None:
            self._gathered[job.loop] = [job]
            job.loop.call_soon(self._hand_over, writer, job.loop)
        else:
            waiting.append(job)

    def _hand_over(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        jobs = self._gathered.pop(loop, None)
        if jobs:
            writer.put(jobs)

    def _log_facts(self) -> tuple[int, int] | None:
        try:
            facts = os.stat(f"{self._path}-wal")
        except FileNotFoundError:
            return None
        return facts.st_size, facts.st_mtime_ns

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self._path, busy_timeout_seconds=self._busy_timeout)
        self._connections.append(connection)
        return connection

    def _why(self, error: Exception) -> str:
        if not os.access(self._path.parent, os.W_OK):
            return "its folder is missing or cannot be written"
        return str(error)

    def _let_go(self) -> None:
        self._reader = None
        for connection in self._connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._connections.clear()
