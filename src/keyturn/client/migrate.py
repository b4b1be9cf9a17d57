"""Taking over the token of a program's older layout: safely, once, and again where it broke off.

Two phases. First the token is written into the store and read back from it. Only then a marker
says that the old place has done its duty, and only after the marker the token is removed there. A
crash between any two steps leaves either place with a token that works, and the next run goes on.
A session that is in the store already always wins. Nothing is sent, so the account is ``default``.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from keyturn.client.identify import DEFAULT_ID
from keyturn.client.lock import LockTimeout
from keyturn.client.login.paste import tokens_of
from keyturn.client.migration_marker import Marker, Note, fingerprint_of
from keyturn.client.stores.file import make_private_directory
from keyturn.protocol.errors import (
    KeyturnError,
    StoreCorrupt,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)
from keyturn.protocol.tokens import Account, Session, clean_token, new_session

if TYPE_CHECKING:
    from keyturn.client.legacy import LegacyStore
    from keyturn.client.runtime import Runtime
    from keyturn.client.session import SessionInfo

MigrationResult = Literal[
    "migrated", "nothing", "already_done", "newer_kept", "legacy_kept", "legacy_unreadable"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOutcome:
    """What came of taking over an older token. Holds no token, and nothing to be kept secret.

    Attributes:
        result: ``"migrated"``: it is stored here now. ``"nothing"``: there was none.
            ``"already_done"``: an earlier run has taken it over. ``"newer_kept"``: a session was
            stored here already, and stays. ``"legacy_kept"``: the new record could not be written
            or read back, so the old place is as it was. ``"legacy_unreadable"``: that place could
            not be read. After the last two, ``error`` says why.
        session: The new session, after ``"migrated"``.
        cleared: Whether the old place is known to hold the token no more. False after a marker was
            set: clearing it failed (``error`` says why), and the next run tries again.
        error: What stood in the way, or ``None``.
    """

    result: MigrationResult
    session: SessionInfo | None = None
    cleared: bool = False
    error: KeyturnError | None = None


def migrate(rt: Runtime, legacy: LegacyStore) -> MigrationOutcome:
    """Take over what ``legacy`` holds; see ``Auth.migrate``."""
    marker = Marker(rt, place=legacy.place)
    try:
        noted = marker.read()
        if noted.cleared:
            return MigrationOutcome(result="already_done", cleared=True)
        if _read(legacy) is None and not noted.fingerprint and not rt.store.index().ids:
            return MigrationOutcome(result="nothing", cleared=True)
        make_private_directory(rt.home)
        with marker.lock():
            return _take_over(rt, legacy, marker)
    except _Unreadable as failure:
        return MigrationOutcome(result="legacy_unreadable", error=failure.error)
    except LockTimeout:
        busy = StoreLocked("Another program is taking over the earlier sign-in and does not end.")
        return MigrationOutcome(result="legacy_kept", error=busy)
    except KeyturnError as error:
        return MigrationOutcome(result="legacy_kept", error=error)


def migrate_quietly(rt: Runtime, legacy: LegacyStore) -> Runtime:
    """Take over what ``legacy`` holds before a program's first use of its sessions.

    Returns ``rt``, having noted in it what a program without a session goes by for this run.
    """
    rt.looked_back = True
    rt.earlier = _what_is_left(rt, legacy)
    return rt


def _what_is_left(rt: Runtime, legacy: LegacyStore) -> Session | KeyturnError | None:
    """Return the older token where it could not be stored, or the error where not even read."""
    outcome = migrate(rt, legacy)
    rt.trace(f"the earlier sign-in: {outcome.result}")
    if outcome.error is None:
        return None
    if outcome.result == "legacy_unreadable":
        # No keyring at all, as in a container: then nobody is signed in there, either.
        return None if isinstance(outcome.error, StoreUnavailable) else outcome.error
    if outcome.result != "legacy_kept":
        return None
    # The code alone: the message names a path, and with it a person.
    rt.effects.warn(
        f"The earlier sign-in could not be taken over ({outcome.error.code}). It is kept where it "
        "was and tried again next time."
    )
    try:
        token = _read(legacy)
    except _Unreadable as failure:
        return failure.error
    return None if token is None else _session(rt, token, rt.config.storage)


def any_session(rt: Runtime, legacy: LegacyStore | None) -> bool:
    """Say whether a session is stored, or an older token waits to be taken over.

    Changes nothing and takes no lock. A token behind a locked keyring counts, as it is there.
    """
    if legacy is None or rt.store.index().ids:
        return bool(rt.store.index().ids)
    if Marker(rt, place=legacy.place).read().fingerprint:
        return False
    try:
        return _read(legacy) is not None
    except _Unreadable as failure:
        if isinstance(failure.error, StoreLocked | StoreUnavailable):
            return isinstance(failure.error, StoreLocked)
        raise failure.error from None


def _take_over(rt: Runtime, legacy: LegacyStore, marker: Marker) -> MigrationOutcome:
    """Do both phases, or what is left of them. Under the lock."""
    noted = marker.read()
    token = None if noted.cleared else _read(legacy)
    if token is None:
        return _nothing_left(marker, noted)
    if noted.fingerprint == fingerprint_of(token):
        outcome = MigrationOutcome(result="already_done")
    else:
        outcome = _store(rt, token, legacy)
    return _retire(rt, legacy, marker, token, outcome)


def _nothing_left(marker: Marker, noted: Note) -> MigrationOutcome:
    with contextlib.suppress(KeyturnError):  # It only saves the next run a look.
        if not noted.cleared:
            marker.write(Note(fingerprint=noted.fingerprint or "none", cleared=True))
    known = noted.fingerprint and noted.fingerprint != "none"
    return MigrationOutcome(result="already_done" if known else "nothing", cleared=True)


def _store(rt: Runtime, token: str, legacy: LegacyStore) -> MigrationOutcome:
    """Phase one: write the new record and read it back, unless there is a session already."""
    _drop_broken_record(rt)
    # A secret that was in the keyring is not put into a file because of this version's defaults.
    guarded = legacy.kind == "keyring" and rt.config.storage == "auto"
    session = _session(rt, token, "keyring" if guarded else rt.config.storage)
    stored = rt.store.put_first(session)
    if stored is None:
        _require_readable(rt)
        return MigrationOutcome(result="newer_kept")
    try:
        back = rt.store.load(DEFAULT_ID)
        if back is None or back.access_token != token:
            raise StoreReadFailed("The session that was just stored could not be read back.")
    except KeyturnError:
        with contextlib.suppress(KeyturnError):
            rt.store.remove(DEFAULT_ID, only=stored)
        raise
    return MigrationOutcome(result="migrated", session=rt.info(stored))


def _retire(
    rt: Runtime, legacy: LegacyStore, marker: Marker, token: str, outcome: MigrationOutcome
) -> MigrationOutcome:
    """Phase two: note that the old place has done its duty, then clear it."""
    try:
        marker.write(Note(fingerprint=fingerprint_of(token), cleared=False))
        _clear(legacy)
        if _read(legacy) is not None:
            raise StoreWriteFailed("The earlier token could not be removed.")
        marker.write(Note(fingerprint=fingerprint_of(token), cleared=True))
    except (KeyturnError, _Unreadable) as failure:
        error = failure.error if isinstance(failure, _Unreadable) else failure
        rt.trace(f"the earlier token could not be removed yet ({error.code})")
        return replace(outcome, error=error)
    return replace(outcome, cleared=True)


def _drop_broken_record(rt: Runtime) -> None:
    """Remove what an earlier try left when its keyring slot did not survive, a power cut say."""
    found = rt.store.index().sessions.get(DEFAULT_ID)
    # Asked twice, the index in between: a disk that fails once must not cost a good session.
    if found is None or found.slot is None or _loads(rt) or not _is_alone(rt, found):
        return
    if not _loads(rt):
        rt.store.remove(DEFAULT_ID, only=found)


def _loads(rt: Runtime) -> bool:
    try:
        return rt.store.load(DEFAULT_ID) is not None
    except (StoreReadFailed, StoreCorrupt):
        return False


def _is_alone(rt: Runtime, session: Session) -> bool:
    found = rt.store.index()
    return found.ids == [DEFAULT_ID] and session.same_as(found.sessions.get(DEFAULT_ID))


def _require_readable(rt: Runtime) -> None:
    """Raise where no stored session can be read: then the older token may be all there is."""
    failure: KeyturnError = StoreReadFailed("The stored session could not be read.")
    for account_id in rt.store.index().ids:
        try:
            if rt.store.load(account_id) is not None:
                return
        except KeyturnError as error:
            failure = error
    raise failure


def _session(rt: Runtime, token: str, storage: str) -> Session:
    now = rt.effects.now()
    session = new_session(
        tokens_of(token, now=now),
        account=Account(id=DEFAULT_ID),
        issuer=rt.config.issuer,
        client_id=rt.config.client_id,
        now=now,
    )
    return replace(session, storage=storage)


class _Unreadable(Exception):
    """The old place could not be read, as opposed to the new one."""

    def __init__(self, error: KeyturnError) -> None:
        super().__init__()
        self.error = error


def _read(legacy: LegacyStore) -> str | None:
    """Return the old token; an application's own code may raise anything, with anything in it."""
    try:
        text = legacy.read()
    except KeyturnError as error:
        raise _Unreadable(error) from None
    except Exception as error:
        raise _unreadable(f"({type(error).__name__})") from None
    token = clean_token(text)
    if token is None and text is not None and text.strip():
        raise _unreadable("(it is no token)")
    return token


def _unreadable(why: str) -> _Unreadable:
    message = f"The earlier sign-in could not be read {why}."
    return _Unreadable(StoreReadFailed(message, hint="Run `{program} auth login` to sign in."))


def _clear(legacy: LegacyStore) -> None:
    try:
        legacy.clear()
    except KeyturnError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise StoreWriteFailed(f"The earlier token could not be removed ({kind}).") from None
