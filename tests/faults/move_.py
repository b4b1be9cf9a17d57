"""Moving a server's database from SQLite to PostgreSQL, in processes that may be killed."""

import contextlib
import io
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from keyturn.server.services import DATABASE_FILE
from tests.faults.forks_ import forks

KILLED = -signal.SIGKILL


def move(data: Path, url: str, *, kill_at: int = 0) -> int | None:
    """Run ``keyturn migrate --to``; return its exit status.

    Args:
        data: The data folder.
        url: The destination.
        kill_at: Kill it, as kill -9 does, when it tells its n-th line. 0: let it end.
    """
    arguments = ["--data", str(data), "--to", url]
    process = forks().Process(target=_move, args=(arguments, data.parent / "move.log", kill_at))
    process.start()
    process.join(60)
    return process.exitcode


def lines(data: Path) -> list[str]:
    """Return what the last run has told."""
    return (data.parent / "move.log").read_text().splitlines()


def rows(data: Path) -> dict[str, int]:
    """Return how many rows each table of the source has, moved or not."""
    with closing(sqlite3.connect(data / DATABASE_FILE)) as connection:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [str(row[0]) for row in connection.execute(named)]
        return {
            name.removeprefix("moved_"): connection.execute(
                f'SELECT count(*) FROM "{name}"'  # noqa: S608 - names of ours
            ).fetchone()[0]
            for name in names
            if name != "keyturn_moved"
        }


class _DiesAt(io.TextIOBase):
    """A standard error that ends its process at a certain line."""

    def __init__(self, log: Path, kill_at: int) -> None:
        self._log, self._left = log.open("w"), kill_at

    def write(self, text: str) -> int:
        """Keep what is written."""
        self._log.write(text)
        self._log.flush()
        self._left -= text.count("\n")
        if self._left == 0 and "\n" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(text)


def _move(arguments: list[str], log: Path, kill_at: int) -> None:
    from keyturn.cli.migrate import main

    with contextlib.redirect_stderr(_DiesAt(log, kill_at)), contextlib.redirect_stdout(None):
        status = main(arguments)
    os._exit(status)
