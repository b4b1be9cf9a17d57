"""One SQLite connection: its settings, its schema, and running a unit of work on it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import TypeVar

from keyturn.server.storage import migrations
from keyturn.server.storage.base import Many, Query, Row, StorageUnavailable, Work
from keyturn.server.storage.sqlite_moved import moved

R = TypeVar("R")


def connect(path: Path, *, busy_timeout_seconds: float) -> sqlite3.Connection:
    """Open the file, making it readable for its owner alone where it is new."""
    with contextlib.suppress(FileExistsError):
        # SQLite would go by the umask. Log and index files take over what the database has.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.row_factory = sqlite3.Row
    _use_log(connection, within_seconds=busy_timeout_seconds)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def migrate(connection: sqlite3.Connection) -> tuple[int, int]:
    """Bring the schema up to date, all or nothing.

    Returns:
        The schema's number before and after.

    Raises:
        StorageUnavailable: a newer version of this program made it, or its content has moved away.
    """
    # The exclusive transaction makes a second process wait, then find the work done.
    connection.execute("BEGIN EXCLUSIVE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        known = migrations.load(migrations.SQLITE_TYPES)
        if (away := moved(connection)) is not None:
            raise away.refusal()
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
        return version, known[-1][0]
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def drive(connection: sqlite3.Connection, texts: dict[str, str], work: Work[R]) -> R:
    """Run a unit of work to its end and return what it returns."""
    try:
        query = next(work)
        while True:
            query = work.send(_execute(connection, texts, query))
    except StopIteration as done:
        result: R = done.value
        return result


def _use_log(connection: sqlite3.Connection, *, within_seconds: float) -> None:
    # SQLite's own waiting leaves this one lock out: of several processes that make a new database
    # together, all but one would fail at once.
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _execute(
    connection: sqlite3.Connection, texts: dict[str, str], query: Query | Many
) -> list[Row]:
    if isinstance(query, Query):
        return connection.execute(texts[query.name], query.params).fetchall()
    return _execute_at_once(connection, texts, query)


def _execute_at_once(
    connection: sqlite3.Connection, texts: dict[str, str], query: Many
) -> list[Row]:
    items = [dict(item) for item in query.items]
    rows: list[Row] = connection.execute(texts[query.name], {"items": json.dumps(items)}).fetchall()
    if query.then and rows:
        found = {row["id"] for row in rows}
        items = [item for item in items if item["id"] in found]
        connection.execute(texts[query.then], {"items": json.dumps(items)})
    return rows


def _split(script: str) -> list[str]:
    found, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
