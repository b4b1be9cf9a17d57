"""Which of several signed-in accounts is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client import answers_to
from keyturn.protocol.errors import AccountAmbiguous, AccountNotFound, SignInRequired, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keyturn.client.stores.base import Snapshot
    from keyturn.protocol.tokens import Account, Session


def pick(snapshot: Snapshot, reference: str | None) -> Session:
    """Return the session that ``reference`` names, else the only one, else the default.

    An id wins over emails and labels: those come from the server, ids are what tells two accounts
    of one name apart.

    Raises:
        SignInRequired: nobody is signed in.
        AccountNotFound: nobody here is called that.
        AccountAmbiguous: several are, or several are signed in and none is the default.
        StoreCorrupt: the one that is meant is there, but makes no session.
    """
    if reference is not None:
        return _named(snapshot, reference)
    chosen = default_id(snapshot)
    if chosen is not None:
        return _readable(snapshot, chosen)
    if not snapshot.ids:
        raise SignInRequired
    sessions = snapshot.sessions.values()
    raise AccountAmbiguous(
        "Several accounts are signed in and none is the default: " + _listed(sessions),
        choices=[display_name(session.account) for session in sessions],
    )


def default_id(snapshot: Snapshot) -> str | None:
    """Return the account that is used when none is named, or ``None``."""
    if len(snapshot.ids) == 1:
        return snapshot.ids[0]
    return snapshot.default if snapshot.default in snapshot.ids else None


def display_name(account: Account) -> str:
    """Return what to call an account in a message."""
    return account.email or account.label or account.id


def _named(snapshot: Snapshot, reference: str) -> Session:
    if reference in snapshot.ids:
        return _readable(snapshot, reference)
    found = [s for s in snapshot.sessions.values() if _answers(s.account, reference)]
    if not found:
        raise AccountNotFound(f"No account called {reference!r} is signed in.")
    if len(found) > 1:
        raise AccountAmbiguous(
            f"Several accounts are called {reference!r}: " + _listed(found, ids=True),
            choices=[session.account.id for session in found],
        )
    return found[0]


def _readable(snapshot: Snapshot, account_id: str) -> Session:
    if account_id in snapshot.sessions:
        return snapshot.sessions[account_id]
    # Not "signed out", and above all not somebody else's session instead.
    raise StoreCorrupt(f"The stored session of {account_id!r} makes no sense.")


def _answers(account: Account, reference: str) -> bool:
    return answers_to({"email": account.email, "label": account.label}, reference)


def _listed(sessions: Iterable[Session], *, ids: bool = False) -> str:
    return ", ".join(s.account.id if ids else display_name(s.account) for s in sessions) + "."
