"""Whether the system keyring can be used, where this session lies in it or wants to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.text import clause
from keyturn.client.doctor.findings import SIGN_IN, Finding, Fix
from keyturn.client.stores.keyring import open_keyring
from keyturn.client.stores.tiered import TieredStore
from keyturn.protocol.errors import (
    KeyturnError,
    StoreCorrupt,
    StoreLocked,
    StoreReadFailed,
)

if TYPE_CHECKING:
    from keyturn.client.doctor.examination import Examination
    from keyturn.client.doctor.findings import Outcome
    from keyturn.protocol.tokens import Session

_SLOW_SECONDS = 1.0


def keyring(exam: Examination) -> Finding | None:
    """The system keyring is there, unlocked and quick, and has what was put into it."""
    found = exam.known
    session = None if isinstance(found, KeyturnError) else found
    policy = exam.rt.config.storage if session is None else session.storage
    if session is not None and session.slot is not None:
        return _in_use(exam, session)
    return None if policy == "file" else _wanted(exam, strict=policy == "keyring")


def _in_use(exam: Examination, session: Session) -> Finding:
    """The session's secret is read, which also shows whether it is still there."""
    started = exam.rt.effects.monotonic()
    try:
        exam.rt.with_secrets(session)
    except StoreLocked:
        return _locked("fail")
    except (StoreReadFailed, StoreCorrupt) as error:
        return Finding(
            check="keyring", outcome="fail", evidence=str(error), remedy=error.hint, fix=SIGN_IN
        )
    except KeyturnError as error:
        return Finding(check="keyring", outcome="fail", evidence=str(error), remedy=error.hint)
    seconds = exam.rt.effects.monotonic() - started
    if seconds > _SLOW_SECONDS:
        return Finding(
            check="keyring",
            outcome="warn",
            evidence=f"took {seconds:.1f} seconds to answer",
            remedy="If it always does, run `{program} auth login --storage file`.",
        )
    return Finding(check="keyring", outcome="pass", evidence="has the session's refresh token")


def leftovers(exam: Examination) -> Finding | None:
    """No secret of a session that has ended is left in the keyring (K-10)."""
    store = exam.rt.store
    if not isinstance(store, TieredStore):
        return None
    try:
        left = store.leftovers()
    except KeyturnError:
        return None  # The file cannot be read, which is the business of the other checks.
    if not left or not _is_there(exam):
        return None  # Where there is no keyring at all, nothing can have been left in it.

    def clear() -> None:
        store.clear_leftovers()

    return Finding(
        check="leftovers",
        outcome="warn",
        evidence="a secret of an earlier session may be left in the system keyring",
        remedy="Unlock the keyring, then run `{program} auth doctor --fix`.",
        fix=Fix(question="Remove what is left of earlier sessions from the keyring?", apply=clear),
    )


def _is_there(exam: Examination) -> bool:
    effects = exam.rt.effects
    try:
        open_keyring(f"keyturn:{exam.rt.config.name}", monotonic=effects.monotonic).check()
    except StoreLocked:
        return True
    except KeyturnError:
        return False
    return True


def _wanted(exam: Examination, *, strict: bool) -> Finding:
    """Nothing lies in the keyring; it is asked whether something could."""
    effects = exam.rt.effects
    try:
        open_keyring(f"keyturn:{exam.rt.config.name}", monotonic=effects.monotonic).check()
    except StoreLocked:
        return _locked("fail" if strict else "warn")
    except KeyturnError as error:
        if strict:
            return Finding(check="keyring", outcome="fail", evidence=str(error), remedy=error.hint)
        return Finding(check="keyring", outcome="pass", evidence=f"not used: {clause(str(error))}")
    return Finding(check="keyring", outcome="pass", evidence="unlocked; nothing is kept in it yet")


def _locked(outcome: Outcome) -> Finding:
    return Finding(
        check="keyring",
        outcome=outcome,
        evidence="the login keyring is locked",
        remedy="Unlock it, or run `{program} auth login --storage file`.",
    )
