"""SQLite through the standard library: one writer whose transactions share a commit.

WAL with synchronous=FULL: replayed power cuts lose acknowledged writes under NORMAL and none under
FULL. A sync is the dear part of a write, so everything that waits while one is in progress is
committed by the next (group commit). Nobody is answered before the sync has ended.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from keyturn.server.storage import migrations, statements
from keyturn.server.storage.base import Query, Row, StorageUnavailable, Work

P = ParamSpec("P")
R = TypeVar("R")

BUSY_TIMEOUT_SECONDS = 5.0
LARGEST_BATCH = 256


@dataclass(slots=True)
class _Job:
    start: Callable[[], Work[Any]]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class SqliteStorage:
    """One database file. Several processes may share it; each has one writer thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._statements = statements.load()
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._own_facts: tuple[int, int] | None = None
        self._foreign_changes = 0

    def open(self) -> None:
        """Create or migrate the schema and start the writer.

        Raises:
            StorageUnavailable: the file cannot be opened, or was made by a newer version.
        """
        try:
            self._writer = _connect(self._path)
            _migrate(self._writer)
            self._reader = _connect(self._path)
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise StorageUnavailable(f"{self._path}: {error}") from error
        self._thread = threading.Thread(
            target=self._write_forever, name="keyturn-writer", daemon=True
        )
        self._thread.start()

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that changes nothing.

        Point look-ups take some 20 microseconds, less than handing them to another thread would.
        """
        if self._reader is None:
            raise StorageUnavailable("the database is closed")
        try:
            return _drive(self._reader, self._statements, work(*args, **kwargs))
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error

    async def write(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work in a transaction; return only once it is durable."""
        if self._closed or self._thread is None:
            raise StorageUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(lambda: work(*args, **kwargs), loop.create_future(), loop)
        self._gather(job)
        result: R = await job.future
        return result

    def _gather(self, job: _Job) -> None:
        """Keep what one turn of the event loop asks for together, so that it shares a commit.

        Handed over one by one, the writer would wake for the first and commit it alone.
        """
        waiting = self._gathered.get(job.loop)
        if waiting is None:
            self._gathered[job.loop] = [job]
            job.loop.call_soon(self._hand_over, job.loop)
        else:
            waiting.append(job)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        jobs = self._gathered.pop(loop, None)
        if jobs:
            self._jobs.put(jobs)

    def changes(self) -> object:
        """Return a value that differs once another process has written.

        Looks at the write-ahead log's size and time, which costs no statement. What this process
        wrote itself is known and taken out, or every write would send all waiters looking.
        """
        facts = self._log_facts()
        if facts != self._own_facts:
            self._foreign_changes, self._own_facts = self._foreign_changes + 1, facts
        return self._foreign_changes

    def _log_facts(self) -> tuple[int, int] | None:
        try:
            facts = os.stat(f"{self._path}-wal")
        except FileNotFoundError:
            return None
        return facts.st_size, facts.st_mtime_ns

    async def close(self) -> None:
        """Finish what was accepted, then close the file."""
        if self._closed or self._thread is None:
            return
        self._closed = True
        for loop in list(self._gathered):
            self._hand_over(loop)
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = None

    def _write_forever(self) -> None:
        assert self._writer is not None  # noqa: S101 - open() made it before the thread
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                foreign = self._log_facts() != self._own_facts
                self._commit_together(self._writer, batch)
                self._own_facts = self._log_facts()
                self._foreign_changes += foreign
                _answer(batch)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        batch: list[_Job] = []
        jobs = self._jobs.get()
        while jobs is not None:
            batch += jobs
            if len(batch) >= LARGEST_BATCH:
                return batch, False
            try:
                jobs = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit_together(self, connection: sqlite3.Connection, batch: list[_Job]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._run_inside_savepoint(connection, job)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in batch:
                job.error = StorageUnavailable(str(error))
                job.error.__cause__ = error

    def _run_inside_savepoint(self, connection: sqlite3.Connection, job: _Job) -> None:
        # A savepoint lets one unit of work fail without taking its neighbours along.
        connection.execute("SAVEPOINT job")
        try:
            job.result = _drive(connection, self._statements, job.start())
        except sqlite3.OperationalError:
            raise  # the disk, not the work: the whole batch is in doubt
        except Exception as error:  # handed to whoever waits for this job
            job.error = error
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")


def _answer(batch: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:
            # That loop has ended, so nobody waits; what was written stays written.
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # the caller went away
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    # The exclusive transaction makes a second process wait, then find the work done.
    connection.execute("BEGIN EXCLUSIVE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        known = migrations.load(migrations.SQLITE_TYPES)
        if version > known[-1][0]:
            raise StorageUnavailable(
                f"the database has schema {version}, this version knows {known[-1][0]}"
            )
        for number, script in known:
            if number > version:
                for statement in _split(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _split(script: str) -> list[str]:
    found, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found


def _drive(connection: sqlite3.Connection, texts: dict[str, str], work: Work[R]) -> R:
    try:
        query = next(work)
        while True:
            query = work.send(_execute(connection, texts, query))
    except StopIteration as done:
        result: R = done.value
        return result


def _execute(connection: sqlite3.Connection, texts: dict[str, str], query: Query) -> list[Row]:
    return connection.execute(texts[query.name], query.params).fetchall()
