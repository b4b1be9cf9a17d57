"""Stores that a program brings along: whole ones as they are, simple ones through an adapter."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

from keyturn.client.stores.base import Kind, Snapshot
from keyturn.protocol.errors import KeyturnError, StoreCorrupt, StoreReadFailed, StoreWriteFailed
from keyturn.protocol.jwt import numeric_date, unverified_claims
from keyturn.protocol.tokens import Account, Session, clean_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.stores.base import SessionStore

_ID = "default"


class RawTokenStore(Protocol):
    """The least a store can be: it keeps one access token, and nothing about it.

    A program that keeps its session so signs in, calls with the token and signs out. It cannot
    renew: there is no room for a refresh token (REFRESH_UNAVAILABLE), nor for a second account.
    Whatever a method raises becomes STORE_READ_FAILED or STORE_WRITE_FAILED, without its text.
    """

    def load_token(self) -> str | None:
        """Return the token, or ``None`` where there is none."""
        ...

    def save_token(self, token: str | None) -> None:
        """Keep ``token`` in place of an earlier one, or leave everything as it was and raise.

        Args:
            token: ``None``: forget the earlier one; that there is none is fine.
        """
        ...


def opened(
    store: SessionStore | RawTokenStore, *, issuer: str, client_id: str, now: Callable[[], float]
) -> SessionStore:
    """Return a program's own store as a SessionStore.

    Args:
        store: The store.
        issuer: The issuer whose session a bare token is.
        client_id: The client whose session a bare token is.
        now: Returns epoch seconds.
    """
    if hasattr(store, "snapshot"):
        return cast("SessionStore", store)
    return RawStore(store, issuer=issuer, client_id=client_id, now=now)


class RawStore:
    """A SessionStore for one account, on a store that keeps one access token.

    Threads of one process do not get into each other's way. Of several processes the last to
    write wins: there is nothing in such a store by which they could agree.

    Args:
        raw: The store.
        issuer: The issuer whose session the token is.
        client_id: The client whose session the token is.
        now: Returns epoch seconds.
    """

    kind: Kind = "custom"
    location = "the program's own store"
    fallback: str | None = None

    def __init__(
        self, raw: RawTokenStore, *, issuer: str, client_id: str, now: Callable[[], float]
    ) -> None:
        self._raw = raw
        self._issuer = issuer
        self._client_id = client_id
        self._now = now
        self._guard = threading.RLock()
        self._revision = 0
        # What this process has stored itself it knows more about than a token tells.
        self._known: Session | None = None

    def snapshot(self) -> Snapshot:
        """Return the session that the token makes."""
        session = self._load()
        if session is None:
            return Snapshot(sessions={})
        return Snapshot(sessions={session.account.id: session}, default=session.account.id)

    def index(self) -> Snapshot:
        """Return the session that the token makes."""
        return self.snapshot()

    def load(self, account_id: str) -> Session | None:
        """Return the session, if it is that account's."""
        return self.snapshot().sessions.get(account_id)

    def check(self, policy: str = "file", *, dialog: bool = False) -> None:
        """Nobody can tell whether it would take a token."""

    def put(self, session: Session, *, pin: bool) -> Session:
        """Keep the access token of ``session``, whoever's was there."""
        with self._guard:
            self._save(session.access_token)
            self._revision += 1
            self._known = replace(
                session,
                refresh_token=None,
                session_ends_at=None,
                slot=None,
                revision=self._revision,
            )
            return self._known

    def put_first(self, session: Session) -> Session | None:
        """Keep the access token of ``session`` where there is none; else ``None``."""
        with self._guard:
            return None if self.index().ids else self.put(session, pin=True)

    def replace(self, old: Session, new: Session) -> Session | None:
        """Keep the access token of ``new`` where ``old``'s is kept; ``None`` when it is not."""
        with self._guard:
            if not old.same_as(self.load(old.account.id)):
                return None
            return self.put(new, pin=False)

    def remove(self, account_id: str, *, only: Session | None = None) -> Session | None:
        """Forget the token, if it is that account's."""
        with self._guard:
            stored = self.load(account_id)
            if stored is None or (only is not None and not only.same_as(stored)):
                return None
            self._save(None)
            self._known = None
            return stored

    def expire(self, session: Session, *, at: float) -> Session | None:
        """Return the session; a bare token has no place to note that it is not to be used."""
        stored = self.load(session.account.id)
        return stored if session.same_as(stored) else None

    def pin(self, account_id: str) -> bool:
        """Say whether the token is that account's; the only one is the default anyway."""
        return self.load(account_id) is not None

    def _load(self) -> Session | None:
        try:
            text = self._raw.load_token()
        except KeyturnError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise StoreReadFailed(f"The stored token could not be read ({kind}).") from None
        if text is None or not text.strip():
            return None
        token = clean_token(text)
        if token is None:
            raise StoreCorrupt("What is stored is no token.")
        with self._guard:
            if self._known is not None and self._known.access_token == token:
                return self._known
            return self._session(token)

    def _session(self, token: str) -> Session:
        ends = numeric_date(unverified_claims(token), "exp")
        return Session(
            account=Account(id=_ID),
            issuer=self._issuer,
            client_id=self._client_id,
            access_token=token,
            issued_at=self._now() if ends is None else min(self._now(), ends),
            expires_at=ends,
            revision=self._revision,
        )

    def _save(self, token: str | None) -> None:
        try:
            self._raw.save_token(token)
        except KeyturnError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise StoreWriteFailed(f"The token could not be stored ({kind}).") from None
