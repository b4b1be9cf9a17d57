"""A SQLite database for tests, and somebody else's program that uses it."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from keyturn.server.storage.base import Work, run
from keyturn.server.storage.sqlite import SqliteStorage

# Takes the write lock, says so, and holds it until its standard input ends.
_HOLD = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


class SqliteDatabase:
    """One database file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def open(self) -> SqliteStorage:
        """Open it as one more process does."""
        return self.open_now()

    def open_now(self, *, busy_timeout_seconds: float = 5.0) -> SqliteStorage:
        """Open it without waiting for anything."""
        storage = SqliteStorage(self.path, busy_timeout_seconds=busy_timeout_seconds)
        storage.open()
        return storage

    def set_schema_number(self, number: int) -> None:
        """Make it look as if another version had made it."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(f"PRAGMA user_version = {number}")


def open_and_write(path: Path) -> None:
    """Open the database and write, as one of several processes."""

    async def work() -> None:
        storage = SqliteDatabase(path).open_now()
        await storage.write(_write)
        await storage.close()

    asyncio.run(work())


def _write() -> Work[None]:
    yield from run("insert_server_meta", name=f"opened by {os.getpid()}", value="")


@contextmanager
def held_by_another_process(path: Path) -> Iterator[Popen[str]]:
    """Let another process write without end while the block runs."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()
