"""Copying one table from SQLite to PostgreSQL in bounded memory, and finding it there unchanged."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from keyturn.server.storage.base import StorageUnavailable

BATCH_ROWS = 5000
_BITS = 128


@dataclass(slots=True)
class Sum:
    """How many rows, and a checksum over all of them that does not depend on their order."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Count more rows in."""
        for row in rows:
            # Only None, int, str and bytes: their repr is the same whichever driver read them.
            digest = hashlib.blake2b(repr(row).encode(), digest_size=_BITS // 8).digest()
            self.total = (self.total + int.from_bytes(digest)) % (1 << _BITS)
            self.rows += 1


async def copy(
    source: sqlite3.Connection, connection: Any, table: str, told: Callable[[int], None]
) -> Sum:
    """Copy all rows; ``told`` hears after each batch how many. Returns what was read."""
    columns = [str(row[1]) for row in source.execute(f'PRAGMA table_info("{table}")')]
    read = Sum()
    for rows in _batches(source, table, columns):
        await connection.copy_records_to_table(table, records=rows, columns=columns)
        read.add(rows)
        told(read.rows)
    await _verify(connection, table, columns, read)
    return read


def _batches(
    source: sqlite3.Connection, table: str, columns: list[str]
) -> Iterator[list[tuple[Any, ...]]]:
    cursor = source.cursor()
    cursor.row_factory = None
    cursor.execute(f'SELECT {_names(columns)} FROM "{table}"')  # noqa: S608 - names of ours
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield rows


async def _verify(connection: Any, table: str, columns: list[str], read: Sum) -> None:
    found = Sum()
    cursor = await connection.cursor(
        f'SELECT {_names(columns)} FROM "{table}"'  # noqa: S608 - names of ours
    )
    while rows := await cursor.fetch(BATCH_ROWS):
        found.add(tuple(row) for row in rows)
    if found != read:
        raise StorageUnavailable(
            f"{table}: {read.rows} rows were read and {found.rows} found, or they differ"
        )


def _names(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
