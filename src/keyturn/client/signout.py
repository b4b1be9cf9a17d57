"""The use cases that end a session or change which one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keyturn.client import named_account
from keyturn.client.revocation import revoke
from keyturn.client.session import LogoutOutcome, SessionInfo
from keyturn.client.stores.accounts import default_id, display_name, pick
from keyturn.client.stores.tiered import TieredStore
from keyturn.protocol.errors import AccountNotFound, SignInRequired, StoreCorrupt

if TYPE_CHECKING:
    from keyturn.client.revocation import Revoked
    from keyturn.client.runtime import Runtime
    from keyturn.client.stores.base import Snapshot
    from keyturn.protocol.tokens import Session


class Revoke(Protocol):
    """Ends at the program's own API what a session began there. Raises nothing."""

    def __call__(self, access_token: str, session: SessionInfo) -> bool:
        """Return whether it has ended. The token is the stored one: it may have ended before."""
        ...


def logout(rt: Runtime, account: str | None, *, also: Revoke | None = None) -> LogoutOutcome:
    """Revoke a session while it is still stored, then forget it in any case.

    Takes no refresh lock: a grant that is under way finds the record gone and revokes what it got.

    Before the server is told, the access token is marked as ended. So whoever is killed in between
    leaves no token that looks valid and is dead: the next command asks the server, and is signed in
    as before or signed out. Where even the mark cannot be written, nothing is revoked.

    Args:
        rt: The program's parts.
        account: Whose session; the usual one where left out.
        also: Called before the server is told, while the session is still stored.
    """
    snapshot = rt.store.index()
    reference = account or named_account(rt.config)
    try:
        session = rt.with_secrets_if_possible(pick(snapshot, reference))
    except StoreCorrupt:
        return _forget_unreadable(rt, snapshot, reference)
    except (SignInRequired, AccountNotFound):
        _clear_leftovers(rt)
        raise
    marked = rt.store.expire(session, at=rt.effects.now())
    if marked is None:  # Somebody renewed it, signed in anew or signed out since we looked.
        session = rt.with_secrets_if_possible(pick(rt.store.index(), reference))
        marked = rt.store.expire(session, at=rt.effects.now()) or session
    try:
        revoked = _revoke_all(rt, session, also)
    finally:
        removed = rt.store.remove(session.account.id)
    if removed and not removed.same_as(marked) and not removed.shares_grant_with(session):
        revoked = revoke(rt, removed)  # Somebody signed in anew while we were asking.
    rt.trace(f"removed the session; revocation: {revoked}")
    endpoints = session.endpoints
    return LogoutOutcome(
        account=display_name(session.account),
        issuer_host=rt.issuer_host,
        revoked=revoked,
        session_may_live_until=session.session_ends_at if revoked == "failed" else None,
        sessions_url=endpoints.sessions_page if endpoints else None,
        may_end_browser_session=_may_be_the_browsers(rt, session),
    )


def switch(rt: Runtime, account: str) -> SessionInfo:
    """Make ``account`` the default."""
    session = pick(rt.store.index(), account)
    if not rt.store.pin(session.account.id):
        raise AccountNotFound(f"{display_name(session.account)} has been signed out.")
    return rt.info(session)


def _forget_unreadable(rt: Runtime, snapshot: Snapshot, reference: str | None) -> LogoutOutcome:
    """A record that makes no session can still be cleared (K-10); there is nothing to revoke."""
    account_id = reference or default_id(snapshot) or ""
    rt.store.remove(account_id)
    return LogoutOutcome(account=account_id, issuer_host=rt.issuer_host, revoked="nothing")


def _revoke_all(rt: Runtime, session: Session, also: Revoke | None) -> Revoked:
    ended = False
    if also is not None and session.access_token:  # None: it is in a keyring that is locked.
        ended = also(session.access_token, rt.info(session))
    revoked = revoke(rt, session)
    return "revoked" if ended and revoked == "nothing" else revoked


def _clear_leftovers(rt: Runtime) -> None:
    """Nobody is signed in, but an earlier sign-out may have met a locked keyring (K-10)."""
    if isinstance(rt.store, TieredStore):
        error = rt.store.clear_leftovers()
        if error is not None:
            rt.effects.warn(f"{error} A secret of an earlier session is still left behind in it.")


def _may_be_the_browsers(rt: Runtime, session: Session) -> bool:
    return rt.config.stack is not None and not session.anonymous
