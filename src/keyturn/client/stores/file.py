"""Sessions in one private file, for every client of one program.

The rename is the commit. Writers take ``store.lock`` over read-modify-rename, a few milliseconds;
readers take no lock, since a rename shows them either file.
"""

from __future__ import annotations

import contextlib
import errno
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client import paths
from keyturn.client.lock import FileLock, LockTimeout
from keyturn.client.private import directory_objection, read_private
from keyturn.client.stores.atomic import reap, replace_private, sync_directory, unfinished
from keyturn.client.stores.document import Document, decode, empty
from keyturn.protocol.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreWriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyturn.client.effects import Effects
    from keyturn.client.stores.base import Kind, Snapshot
    from keyturn.protocol.tokens import Session

_LOCK_SECONDS = 10.0


class FileStore:
    """A SessionStore in a directory of its own.

    Args:
        home: The directory; created at the first write.
        issuer: The issuer whose sessions are meant.
        client_id: The client whose sessions are meant.
        client_key: What the two are filed under.
        effects: The clock, sleep and randomness.
    """

    kind: Kind = "file"
    fallback: str | None = None

    def __init__(
        self, home: str, *, issuer: str, client_id: str, client_key: str, effects: Effects
    ) -> None:
        self.location: str = os.path.join(home, paths.SESSION_FILE)
        self._home = home
        self._issuer = issuer
        self._client_id = client_id
        self._client_key = client_key
        self._effects = effects

    def snapshot(self) -> Snapshot:
        """Return everything that is stored. Takes no lock, and waits for nobody."""
        self._tidy()
        try:
            return self._read().snapshot()
        except StoreCorrupt as error:
            aside = self._set_aside()
            raise StoreCorrupt(
                f"{error} It was kept as {aside}." if aside else str(error)
            ) from None

    def index(self) -> Snapshot:
        """Return everything that is stored."""
        return self.snapshot()

    def load(self, account_id: str) -> Session | None:
        """Return one session."""
        return self.snapshot().sessions.get(account_id)

    def put(self, session: Session, *, pin: bool) -> Session:
        """Store ``session`` whatever was there for its account."""
        with self._change() as document:
            stored = document.put(session)
            if pin:
                document.pin(session.account.id)
            self._write(document)
        return stored

    def put_first(self, session: Session) -> Session | None:
        """Store ``session`` as the default where nobody is signed in; else ``None``."""
        with self._change() as document:
            if document.snapshot().ids:
                return None
            stored = document.put(session)
            document.pin(session.account.id)
            self._write(document)
        return stored

    def replace(self, old: Session, new: Session) -> Session | None:
        """Store ``new`` where exactly ``old`` is stored; ``None`` when it is not."""
        with self._change() as document:
            if not old.same_as(document.session(old.account.id)):
                return None
            stored = document.put(new)
            self._write(document)
        return stored

    def remove(self, account_id: str, *, only: Session | None = None) -> Session | None:
        """Forget an account; with ``only``, while exactly that is stored."""
        with self._change() as document:
            stored = document.session(account_id)
            if only is not None and not only.same_as(stored):
                return None
            if document.holds(account_id):
                document.remove(account_id)
                self._write(document)
        return stored

    def expire(self, session: Session, *, at: float) -> Session | None:
        """Let nobody use its access token unrenewed; ``None`` where it is not stored."""
        with self._change() as document:
            stored = document.session(session.account.id)
            if stored is None or not session.same_as(stored):
                return None
            ended = document.put(replace(stored, expires_at=at))
            self._write(document)
        return ended

    def pin(self, account_id: str) -> bool:
        """Make an account the default; False when it is not stored."""
        with self._change() as document:
            if not document.holds(account_id):
                return False
            document.pin(account_id)
            self._write(document)
        return True

    def check(self, policy: str = "file", *, dialog: bool = False) -> None:
        """Find out, without changing anything, whether a session could be stored."""
        self._object_to_directory(_nearest_existing(self._home))

    def _prepare(self) -> None:
        """Create the directory, readable by its owner alone, or check the one that is there."""
        make_private_directory(self._home)
        self._object_to_directory(self._home)

    def _object_to_directory(self, directory: str) -> None:
        """Raise StoreUnavailable where others may change what is in ``directory``, or we cannot."""
        try:
            why = directory_objection(directory) if os.name == "posix" else None
        except OSError as error:
            raise _unusable(directory, error) from None
        if why is not None and directory == self._home:
            raise StoreUnavailable(
                f"What is in {directory} {why[0]}, so it is not used.",
                hint=f"{why[1]}, then try again.",
            )
        if not os.access(directory, os.W_OK | os.X_OK):
            raise _unusable(directory, PermissionError(errno.EACCES, ""))

    @contextmanager
    def _change(self) -> Iterator[Document]:
        self._prepare()
        with self._lock():
            yield self._read()

    def _lock(self) -> _Held:
        return _Held(paths.store_lock(self._home), self._effects)

    def _read(self) -> Document:
        content = read_private(self.location)
        return Document(
            empty() if content is None else decode(content, path=self.location),
            issuer=self._issuer,
            client_id=self._client_id,
            client_key=self._client_key,
        )

    def _write(self, document: Document) -> None:
        try:
            reap(self.location)
            replace_private(self.location, document.encoded(), effects=self._effects)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise StoreWriteFailed(f"{self.location} could not be written: {reason}.") from None

    def _tidy(self) -> None:
        """Remove what a writer was killed over: there are secrets in it. One at work is let be."""
        with contextlib.suppress(OSError, StoreUnavailable, LockTimeout):
            if not unfinished(self.location):
                return
            lock = FileLock(paths.store_lock(self._home), effects=self._effects, limit_seconds=0)
            with lock:
                if lock.effective:
                    reap(self.location)

    def _set_aside(self) -> str | None:
        """Rename a damaged file, unless somebody has just put a good one there."""
        aside = f"{self.location}.corrupt-{int(self._effects.now())}"
        try:
            with self._lock():
                try:
                    self._read()
                except StoreCorrupt:
                    os.replace(self.location, aside)
                    sync_directory(self._home)
                    return aside
        except (OSError, StoreUnavailable, StoreLocked):
            pass  # A damaged file that cannot be moved is still a damaged file.
        return None


class _Held(FileLock):
    """The store lock; waiting for it in vain is the store's own error."""

    def __init__(self, path: str, effects: Effects) -> None:
        super().__init__(path, effects=effects, limit_seconds=_LOCK_SECONDS)

    def __enter__(self) -> _Held:
        try:
            super().__enter__()
        except LockTimeout:
            raise StoreLocked("Another program is writing the sessions and does not end.") from None
        return self


def _nearest_existing(path: str) -> str:
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _unusable(directory: str, error: OSError) -> StoreUnavailable:
    reason = os.strerror(error.errno or 0)
    return StoreUnavailable(
        f"{directory} cannot be used: {reason}.",
        hint="Mend its permissions, or set another directory for the sessions.",
    )


def make_private_directory(path: str) -> None:
    """Create a directory that only its owner may enter; one that is there stays as it is.

    Raises:
        StoreUnavailable: it cannot be created.
    """
    if os.path.isdir(path):
        return
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mkdir(path, 0o700)
        if os.name == "posix":
            os.chmod(path, 0o700)  # It is new and ours; the umask may have taken the owner's bits.
    except FileExistsError:
        return  # Another process was faster, or it is no directory; either will show.
    except OSError as error:
        raise _unusable(path, error) from None
