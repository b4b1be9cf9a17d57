"""Where a program's sessions are kept. The names are frozen: programs and backups rely on them.

What every run needs of them stands in ``keyturn.client.hot``.
"""

from __future__ import annotations

import os

from keyturn.client import ACCOUNT_FILE, SESSION_FILE, home, state_directory

__all__ = [
    "ACCOUNT_FILE",
    "SESSION_FILE",
    "home",
    "migration_lock",
    "migration_marker",
    "refresh_lock",
    "registration",
    "state_directory",
    "store_lock",
]


def store_lock(home: str) -> str:
    """Return the file whose lock is held over read-modify-rename."""
    return os.path.join(home, "store.lock")


def refresh_lock(home: str, credential: str) -> str:
    """Return the file whose lock is held over a grant for one credential."""
    return os.path.join(home, f"refresh-{credential}.lock")


def registration(home: str, credential: str) -> str:
    """Return the file of the clients that one issuer made for this program."""
    return os.path.join(home, f"registration-{credential}.json")


def migration_lock(home: str, credential: str) -> str:
    """Return the file whose lock is held while an older token is taken over."""
    return os.path.join(home, f"migrate-{credential}.lock")


def migration_marker(home: str, credential: str) -> str:
    """Return the file that says how far taking over an older token has got."""
    return os.path.join(home, f"migrated-{credential}.json")
