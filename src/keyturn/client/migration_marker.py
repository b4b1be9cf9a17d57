"""How far taking over an older token has got: a small file that holds no secret.

It outlives the token, and the session too: who has signed out is not to be signed in again by what
an older version left behind.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.client import paths
from keyturn.client.lock import FileLock
from keyturn.client.private import read_private
from keyturn.client.stores.atomic import reap, replace_private
from keyturn.protocol.errors import StoreWriteFailed

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a marker says.

    Attributes:
        fingerprint: Of the token that was taken over; empty: none has been.
        cleared: Whether the old place needs no look any more.
    """

    fingerprint: str = ""
    cleared: bool = False


class Marker:
    """The marker of one client for one old place.

    Args:
        rt: The program's parts.
        place: What tells the old place from others.
    """

    def __init__(self, rt: Runtime, *, place: str) -> None:
        parts = (rt.config.issuer, rt.config.client_id, place)
        credential = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
        self._path = paths.migration_marker(rt.home, credential)
        self._lock_path = paths.migration_lock(rt.home, credential)
        self._effects = rt.effects

    def lock(self) -> FileLock:
        """Return the lock to hold while the token is taken over."""
        return FileLock(self._lock_path, effects=self._effects)

    def read(self) -> Note:
        """Return what is noted.

        Raises:
            StoreReadFailed: it cannot be read.
        """
        content = read_private(self._path)
        try:
            found = json.loads(content or b"{}")
            return Note(fingerprint=str(found["fingerprint"]), cleared=found["cleared"] is True)
        except (ValueError, KeyError, TypeError):
            return Note()

    def write(self, note: Note) -> None:
        """Have ``note`` on disk on return.

        Raises:
            StoreWriteFailed: it is not; what was noted before still is.
        """
        content = json.dumps({"fingerprint": note.fingerprint, "cleared": note.cleared})
        try:
            reap(self._path)
            replace_private(self._path, content.encode(), effects=self._effects)
        except OSError:
            raise StoreWriteFailed("That the earlier token was taken over is not noted.") from None


def fingerprint_of(token: str) -> str:
    """Return what tells a token from others without giving it away: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
