"""A SQLite database whose content has moved to PostgreSQL: nobody reads or writes it any more.

Its tables get other names in the transaction that hands them over. So every process that still has
it open fails at its next statement, whatever its version, and answers 503; none can go on telling
that a session is alive that was ended elsewhere. Nothing is deleted.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass

from keyturn.server.storage.base import StorageUnavailable

# A schema number that no version knows: those that know nothing of moves refuse it as well.
MOVED = 1_000_000_000
PREFIX = "moved_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the content went.

    Attributes:
        where: The destination without user, password and options.
        move: The name of this one move, which the destination knows as well.
    """

    where: str
    move: str

    def refusal(self) -> StorageUnavailable:
        """Return what a server that is started here has to be told."""
        return StorageUnavailable(
            f"this database has moved to {self.where}. "
            "Start with --database postgresql://USER@HOST/NAME."
        )


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables, those that others refer to first."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' ORDER BY name"
    )
    left = {str(row[0]): set[str]() for row in rows}
    for name, parents in left.items():
        found = connection.execute(f'PRAGMA foreign_key_list("{name}")').fetchall()
        parents |= {str(row[2]) for row in found} - {name}
    ordered: list[str] = []
    while left:
        ready = [name for name, parents in left.items() if parents <= set(ordered)]
        if not ready:
            raise StorageUnavailable("tables refer to each other in a circle")
        ordered += ready
        for name in ready:
            del left[name]
    return ordered


def moved(connection: sqlite3.Connection) -> Moved | None:
    """Return where this database's content went; ``None`` while it is here."""
    if int(connection.execute("PRAGMA user_version").fetchone()[0]) != MOVED:
        return None
    row = connection.execute("SELECT place, move FROM keyturn_moved").fetchone()
    return Moved(where=str(row[0]), move=str(row[1]))


def hand_over(connection: sqlite3.Connection, to: Moved) -> None:
    """Make the database one that has moved. The caller's transaction decides whether it has."""
    for name in tables(connection):
        connection.execute(f'ALTER TABLE "{name}" RENAME TO "{PREFIX}{name}"')
    connection.execute("CREATE TABLE keyturn_moved (place TEXT NOT NULL, move TEXT NOT NULL)")
    connection.execute("INSERT INTO keyturn_moved VALUES (?, ?)", (to.where, to.move))
    connection.execute(f"PRAGMA user_version = {MOVED}")


def unavailable(connection: sqlite3.Connection, error: Exception) -> StorageUnavailable:
    """Return what to raise for a failed statement: that the database moved, if that is why."""
    found = StorageUnavailable(str(error))
    with contextlib.suppress(sqlite3.Error):
        if "no such table" in str(error) and (to := moved(connection)):
            found = to.refusal()
    found.__cause__ = error
    return found
