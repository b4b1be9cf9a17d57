"""The one thread of a process that writes: what waits together is committed together.

A sync is the dear part of a write, so everything that waits while one is in progress is committed
by the next (group commit). Nobody is answered before the sync has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keyturn.server.storage.base import StorageConflict, StorageUnavailable, Work
from keyturn.server.storage.sqlite_connection import drive
from keyturn.server.storage.sqlite_moved import unavailable

LARGEST_BATCH = 256


@dataclass(slots=True)
class Job:
    """One unit of work and who waits for it.

    Without work it asks for the database's data version: a number that differs from an earlier one
    if some other connection has committed in between.
    """

    start: Callable[[], Work[Any]] | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Takes jobs in batches, commits each batch once, then answers."""

    def __init__(self, connection: sqlite3.Connection, texts: dict[str, str]) -> None:
        self._connection, self._texts = connection, texts
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._forever, name="keyturn-writer", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def put(self, jobs: list[Job]) -> None:
        """Hand jobs over; each one's future is resolved in its own event loop."""
        self._jobs.put(jobs)

    def finish(self) -> None:
        """Do what was handed over, then end; blocks until then."""
        self._jobs.put(None)
        self._thread.join()

    def _forever(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            works = [job for job in batch if job.start is not None]
            if works:
                self._commit_together(works)
            if len(works) < len(batch):
                self._tell_version([job for job in batch if job.start is None])
            _answer(batch)

    def _next_batch(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
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

    def _commit_together(self, batch: list[Job]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._run_inside_savepoint(job)
            connection.execute("COMMIT")
        except Exception as error:  # whatever it is, the thread must live on
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            _fail(batch, unavailable(connection, error))

    def _run_inside_savepoint(self, job: Job) -> None:
        # A savepoint lets one unit of work fail without taking its neighbours along.
        assert job.start is not None  # noqa: S101 - the caller has sorted them
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = drive(self._connection, self._texts, job.start())
        except sqlite3.OperationalError:
            raise  # the disk, not the work: the whole batch is in doubt
        except Exception as error:  # handed to whoever waits for this job
            job.error = _as_promised(error)
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")

    def _tell_version(self, batch: list[Job]) -> None:
        try:
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            _fail(batch, unavailable(self._connection, error))
            return
        for job in batch:
            job.result = version


def _as_promised(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        conflict = StorageConflict(str(error))
        conflict.__cause__ = error
        return conflict
    return error


def _fail(batch: list[Job], error: StorageUnavailable) -> None:
    for job in batch:
        job.error = error


def _answer(batch: list[Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:
            # That loop has ended, so nobody waits; what was written stays written.
            continue


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():  # the caller went away
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
