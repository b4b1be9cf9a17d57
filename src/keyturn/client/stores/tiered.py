"""Sessions in two tiers: what a thief would want in the system keyring, all else in the one file.

The file names the keyring slot of each session and a fingerprint of what is in it. Its rename is
the commit of both: the secret goes into a fresh slot first, then the file that names it is put in
place, then the old slot is emptied. A crash in between leaves a slot that nobody names; the next
write empties it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client.stores.effort import Effort
from keyturn.client.stores.file import FileStore
from keyturn.protocol.errors import (
    KeyturnError,
    StoreCorrupt,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
)
from keyturn.protocol.tokens import Slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.effects import Effects
    from keyturn.client.stores.base import Snapshot
    from keyturn.client.stores.document import Document
    from keyturn.client.stores.keyring import Keyring
    from keyturn.protocol.tokens import Session

_READS = 20
# What a write may spend on slots that earlier ones left behind.
SWEEP_SECONDS = 1.0


class TieredStore(FileStore):
    """A SessionStore that follows each session's own storage policy.

    ``auto`` keeps the refresh token in the keyring where that works and in the file where not,
    ``keyring`` both tokens in the keyring or fails, ``file`` both in the file.

    Args:
        home: The directory of the file.
        issuer: The issuer whose sessions are meant.
        client_id: The client whose sessions are meant.
        client_key: What the two are filed under.
        effects: The clock, sleep, randomness and warnings.
        open_keyring: Returns this system's keyring, or raises StoreUnavailable.
    """

    def __init__(
        self,
        home: str,
        *,
        issuer: str,
        client_id: str,
        client_key: str,
        effects: Effects,
        open_keyring: Callable[[], Keyring],
    ) -> None:
        super().__init__(
            home, issuer=issuer, client_id=client_id, client_key=client_key, effects=effects
        )
        self._open_keyring = open_keyring
        # The directory belongs to it: revisions are counted in each one for itself.
        owner = "\n".join((issuer, client_id, home)).encode()
        self._prefix = hashlib.sha256(owner).hexdigest()[:32]

    def index(self) -> Snapshot:
        """Return everything that is in the file, without a call to the keyring."""
        return super().snapshot()

    def snapshot(self) -> Snapshot:
        """Return everything that is stored, secrets included."""
        found = self.index()
        loaded = {account_id: self.load(account_id) for account_id in found.sessions}
        return replace(found, sessions={id_: s for id_, s in loaded.items() if s is not None})

    def load(self, account_id: str) -> Session | None:
        """Return one session with its secrets, as one write stored them."""
        session = self.index().sessions.get(account_id)
        for _ in range(_READS):
            if session is None or session.slot is None:
                return session
            secret = self._open_keyring().read(session.slot.user)
            if secret is not None and _fingerprint(secret) == session.slot.fingerprint:
                return _opened(session, secret)
            # A writer may have emptied the slot since we read which one it is.
            before, session = session, self.index().sessions.get(account_id)
            if before.same_as(session):
                break
        if secret is None:
            raise StoreReadFailed(
                "The session is known here, but its secret is missing in the system keyring.",
                hint="Run `{program} auth login` to sign in again, or `{program} auth logout`.",
            )
        raise StoreCorrupt("What is in the system keyring is not what was stored there.")

    def check(self, policy: str = "file", *, dialog: bool = False) -> None:
        """Find out whether a session could be stored; may unlock the keyring on the way."""
        super().check(policy)
        if policy == "file":
            return
        try:
            keyring = self._open_keyring()
            if dialog:
                keyring.unlock()
            else:
                keyring.check()
        except (StoreLocked, StoreUnavailable):
            if policy == "keyring":
                raise

    def put(self, session: Session, *, pin: bool) -> Session:
        """Store ``session`` whatever was there for its account."""
        with self._change() as document:
            stored, keyring, earlier = self._commit(document, session, pin=pin)
        keyring.delete(earlier)
        return stored

    def put_first(self, session: Session) -> Session | None:
        """Store ``session`` as the default where nobody is signed in; else ``None``."""
        with self._change() as document:
            if document.snapshot().ids:
                return None
            stored, keyring, earlier = self._commit(document, session, pin=True)
        keyring.delete(earlier)
        return stored

    def replace(self, old: Session, new: Session) -> Session | None:
        """Store ``new`` where exactly ``old`` is stored; ``None`` when it is not."""
        with self._change() as document:
            if not old.same_as(document.session(old.account.id)):
                return None
            stored, keyring, earlier = self._commit(document, new, pin=False)
        keyring.delete(earlier)
        return stored

    def remove(self, account_id: str, *, only: Session | None = None) -> Session | None:
        """Forget an account; with ``only``, while exactly that is stored."""
        seen = self._as_far_as_possible(self._read().session(account_id))
        with self._change() as document:
            stored = document.session(account_id)
            if only is not None and not only.same_as(stored):
                return None
            if not document.holds(account_id):
                return stored
            user = document.slot_of(account_id)
            if stored is not None:
                # Asked before the lock was taken, unless somebody wrote in between.
                stored = seen if stored.same_as(seen) else self._as_far_as_possible(stored)
            document.remove(account_id)
            document.leave_behind(user)
            left = document.leftovers()
            self._write(document)
        error = self._empty(left) if left else None
        if error is not None and user is not None:
            self._effects.warn(
                f"{error} A secret of the session is left behind in it; "
                "it is removed at the next sign-in, sign-out or renewal that can reach it."
            )
        return stored

    def leftovers(self) -> set[str]:
        """Return the slots that may hold a secret of a session that has ended."""
        return self._read().leftovers()

    def clear_leftovers(self) -> KeyturnError | None:
        """Empty those slots; return why that was not possible, if it was not."""
        left = self.leftovers()
        return self._empty(left) if left else None

    def _as_far_as_possible(self, session: Session | None) -> Session | None:
        if session is None or session.slot is None:
            return session
        try:
            return self.load(session.account.id)
        except KeyturnError:
            return session

    def _empty(self, left: set[str]) -> KeyturnError | None:
        """Empty slots that no record names, without the lock; return what stood in the way."""
        keyring = Effort(self._open_keyring, self._effects.monotonic)
        emptied = [user for user in sorted(left) if keyring.delete(user)]
        if emptied:
            with contextlib.suppress(KeyturnError), self._change() as document:
                if document.leftovers() & set(emptied):
                    document.forget_leftovers(emptied)
                    self._write(document)
        return keyring.error

    def _commit(
        self, document: Document, session: Session, *, pin: bool
    ) -> tuple[Session, Effort, str | None]:
        """Store a session; return it, and the slot to empty once the lock is released."""
        self.fallback = None
        earlier = document.slot_of(session.account.id)
        keyring = Effort(self._open_keyring, self._effects.monotonic)
        if earlier is not None or session.storage != "file" or document.leftovers():
            self._sweep(document, keyring)
        kept = self._stow(document, session, keyring)
        document.leave_behind(earlier)
        try:
            stored = document.put(kept)
            if pin:
                document.pin(session.account.id)
            self._write(document)
        except BaseException:
            self._take_back(kept, keyring)
            raise
        whole = replace(
            stored, access_token=session.access_token, refresh_token=session.refresh_token
        )
        return whole, keyring, earlier

    def _stow(self, document: Document, session: Session, keyring: Effort) -> Session:
        """Put the secret into a fresh slot, and return what is left to write into the file."""
        strict = session.storage == "keyring"
        bare = replace(session, slot=None)
        if session.storage == "file" or (session.refresh_token is None and not strict):
            return bare
        secret = _closed(session) if strict else session.refresh_token or ""
        user = f"{self._prefix}/{session.account.id}/{document.next_revision()}"
        keyring.write(user, secret)
        if keyring.error is None:
            slot = Slot(user=user, fingerprint=_fingerprint(secret))
            access_token = "" if strict else session.access_token
            return replace(session, slot=slot, access_token=access_token, refresh_token=None)
        if strict:
            raise keyring.error
        earlier = document.session(session.account.id)
        if earlier is None or earlier.slot is not None or earlier.storage != "auto":
            self.fallback = str(keyring.error)
        document.leave_behind(keyring.written)
        return bare

    def _take_back(self, kept: Session, keyring: Effort) -> None:
        """Empty the fresh slot after a failed write, unless the file names it after all."""
        slot = kept.slot
        if slot is None:
            return
        try:
            named = self._read().slot_of(kept.account.id)
        except KeyturnError:
            return
        if named != slot.user:
            keyring.delete(slot.user)

    def _sweep(self, document: Document, keyring: Effort) -> None:
        """Empty the slots that no record names: an old one, or one of a writer that was killed."""
        listed = keyring.do(lambda open_: open_.users()) or []
        ours = {user for user in listed if user.startswith(f"{self._prefix}/")}
        for user in sorted((ours | document.leftovers()) - document.slots()):
            if keyring.seconds > SWEEP_SECONDS:
                return  # The session to be stored is what matters; the rest has time.
            if keyring.delete(user):
                document.forget_leftovers([user])


def _closed(session: Session) -> str:
    tokens = {"access_token": session.access_token, "refresh_token": session.refresh_token}
    return json.dumps(tokens, separators=(",", ":"))


def _opened(session: Session, secret: str) -> Session:
    if not session.is_sealed:
        return replace(session, refresh_token=secret)
    return replace(session, **json.loads(secret))


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
