"""Sessions that end with the process: for tests, and for programs that must not leave a trace."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client.stores.base import Kind, Snapshot

if TYPE_CHECKING:
    from keyturn.protocol.tokens import Session


class MemoryStore:
    """A SessionStore for the threads of one process."""

    kind: Kind = "memory"
    location = "memory"
    fallback: str | None = None

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._default: str | None = None
        self._revision = 0

    def snapshot(self) -> Snapshot:
        """Return everything that is stored."""
        with self._guard:
            return Snapshot(sessions=dict(self._sessions), default=self._default)

    def index(self) -> Snapshot:
        """Return everything that is stored."""
        return self.snapshot()

    def load(self, account_id: str) -> Session | None:
        """Return one session."""
        return self.snapshot().sessions.get(account_id)

    def check(self, policy: str = "file", *, dialog: bool = False) -> None:
        """There is always room."""

    def put(self, session: Session, *, pin: bool) -> Session:
        """Store ``session`` whatever was there for its account."""
        with self._guard:
            if pin:
                self._default = session.account.id
            return self._store(session)

    def put_first(self, session: Session) -> Session | None:
        """Store ``session`` as the default where nobody is signed in; else ``None``."""
        with self._guard:
            if self._sessions:
                return None
            self._default = session.account.id
            return self._store(session)

    def replace(self, old: Session, new: Session) -> Session | None:
        """Store ``new`` where exactly ``old`` is stored; ``None`` when it is not."""
        with self._guard:
            if not old.same_as(self._sessions.get(old.account.id)):
                return None
            return self._store(new)

    def remove(self, account_id: str, *, only: Session | None = None) -> Session | None:
        """Forget an account; with ``only``, while exactly that is stored."""
        with self._guard:
            stored = self._sessions.get(account_id)
            if stored is None or (only is not None and not only.same_as(stored)):
                return None
            if self._default == account_id:
                self._default = None
            return self._sessions.pop(account_id)

    def expire(self, session: Session, *, at: float) -> Session | None:
        """Let nobody use its access token unrenewed; ``None`` where it is not stored."""
        with self._guard:
            stored = self._sessions.get(session.account.id)
            if stored is None or not session.same_as(stored):
                return None
            return self._store(replace(stored, expires_at=at))

    def pin(self, account_id: str) -> bool:
        """Make an account the default; False when it is not stored."""
        with self._guard:
            if account_id not in self._sessions:
                return False
            self._default = account_id
            return True

    def _store(self, session: Session) -> Session:
        self._revision += 1
        stored = replace(session, revision=self._revision)
        self._sessions[session.account.id] = stored
        return stored
