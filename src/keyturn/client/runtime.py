"""One program's parts put together: its store, its locks, its server. The long way begins here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.client import named_account, paths
from keyturn.client.effects import Effects, to_stderr
from keyturn.client.lock import FileLock
from keyturn.client.requester import stack_user_agent, user_agent
from keyturn.client.session import SessionInfo
from keyturn.client.stores.accounts import default_id, pick
from keyturn.client.stores.file import FileStore, make_private_directory
from keyturn.client.stores.raw import RawStore, opened
from keyturn.client.stores.tiered import TieredStore
from keyturn.net.drive import run
from keyturn.net.stdlib import Http
from keyturn.protocol.discovery import Metadata, discover
from keyturn.protocol.errors import ExchangeFailed, KeyturnError, SignInRequired
from keyturn.protocol.stack import StackClient
from keyturn.protocol.wire import host_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.config import Config
    from keyturn.client.registration import Registrations
    from keyturn.client.stores.base import SessionStore
    from keyturn.client.stores.keyring import Keyring
    from keyturn.client.stores.raw import RawTokenStore
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.tokens import Session


def _ignore() -> None:
    pass


class Runtime:
    """What the use cases of a program's sign-in work on. Building it does no I/O.

    Args:
        config: The program.
        effects: What it does to the world.
        store: Where its sessions are, instead of the file and the keyring.

    Attributes:
        store: Where its sessions are.
        issuer_host: Its server's host, for messages.
        renews: Whether the store has room for a refresh token.
        looked_back: Whether an older token has been looked for.
        earlier: What a program without a session goes by: the session that an older token makes
            which could not be stored, or why that token could not be read.
    """

    def __init__(
        self,
        config: Config,
        effects: Effects,
        store: SessionStore | RawTokenStore | None = None,
    ) -> None:
        self.config = config
        self.effects = effects
        self.looked_back: bool = False
        self.earlier: Session | KeyturnError | None = None
        self.home: str = paths.home(config)
        self.issuer_host: str = host_of(config.issuer)
        self.store: SessionStore = self._usual_store() if store is None else self._own(store)
        self.renews: bool = not isinstance(self.store, RawStore)

    def _usual_store(self) -> TieredStore:
        return TieredStore(
            self.home,
            issuer=self.config.issuer,
            client_id=self.config.client_id,
            client_key=self.config.client_key,
            effects=self.effects,
            open_keyring=self._keyring,
        )

    def _own(self, store: SessionStore | RawTokenStore) -> SessionStore:
        config = self.config
        return opened(store, issuer=config.issuer, client_id=config.client_id, now=self.effects.now)

    def _keyring(self) -> Keyring:
        from keyturn.client.stores.keyring import open_keyring

        return open_keyring(f"keyturn:{self.config.name}", monotonic=self.effects.monotonic)

    def session(self, account: str | None) -> Session:
        """Return the stored session of an account: the one named, or the usual one.

        It comes from the store's index; see ``with_secrets``.

        Raises:
            SignInRequired, AccountNotFound, AccountAmbiguous, StoreReadFailed, StoreCorrupt.
        """
        try:
            return pick(self.store.index(), account or named_account(self.config))
        except SignInRequired:
            if self.earlier is None:
                raise
            if isinstance(self.earlier, KeyturnError):
                raise self.earlier from None
            return self.earlier

    def stored(self, account_id: str) -> Session:
        """Return what the store's index has for an account id at this moment.

        Raises:
            SignInRequired: nothing (any more).
        """
        session = self.store.index().sessions.get(account_id)
        if session is None:
            raise SignInRequired("This account has been signed out.")
        return session

    def with_secrets(self, session: Session) -> Session:
        """Return what is stored for a session's account, with the secrets the keyring holds.

        Raises:
            SignInRequired: nothing (any more).
            StoreLocked, StoreUnavailable, StoreReadFailed, StoreCorrupt: they cannot be had.
        """
        loaded = self.store.load(session.account.id)
        if loaded is None:
            raise SignInRequired("This account has been signed out.")
        return loaded

    def usable(self, session: Session) -> Session:
        """Return ``session`` with its access token, wherever that lies. Raises as above."""
        return self.with_secrets(session) if session.is_sealed else session

    def with_secrets_if_possible(self, session: Session) -> Session:
        """Return ``session`` with its secrets, or as it is where they cannot be had."""
        if session.slot is None:
            return session
        try:
            loaded = self.with_secrets(session)
        except KeyturnError as error:
            self.trace(f"a secret could not be read: {error}")
            return session
        return loaded if loaded.same_as(session) else session

    def info(self, session: Session, *, storage_warning: str | None = None) -> SessionInfo:
        """Return what may be shown of a session."""
        return SessionInfo(
            account_id=session.account.id,
            email=session.account.email,
            label=session.account.label,
            issuer=session.issuer,
            issuer_host=self.issuer_host,
            storage=self.store.kind if session.slot is None else "keyring",
            storage_path=self.store.location,
            expires_at=session.expires_at,
            session_ends_at=session.session_ends_at,
            has_refresh_token=session.is_renewable,
            is_default=default_id(self.store.index()) == session.account.id,
            is_anonymous=session.anonymous,
            storage_policy=session.storage,
            storage_warning=storage_warning,
        )

    def refresh_lock(self, account_id: str) -> FileLock:
        """Return the lock to hold over a grant for one account; others do not wait for it."""
        if not isinstance(self.store, FileStore):
            make_private_directory(self.home)  # Nobody else has; a FileStore has when it wrote.
        credential = hashlib.sha256(
            "\n".join((self.config.issuer, self.config.client_id, account_id)).encode()
        ).hexdigest()[:32]
        return FileLock(paths.refresh_lock(self.home, credential), effects=self.effects)

    def anonymous_lock(self) -> FileLock:
        """Return the lock to hold over starting a session without a person."""
        make_private_directory(self.home)
        return self.refresh_lock("anonymous")

    def http(self, *, on_tick: Callable[[], None] = _ignore) -> Http:
        """Return an HTTP client for one flow; close it afterwards.

        Raises:
            ExchangeFailed: the server's address is none that tokens may be sent to.
        """
        _require_protected(self.config.issuer)
        return Http(
            monotonic=self.effects.monotonic,
            sleep=self.effects.sleep,
            environ=os.environ,
            user_agent=user_agent(self.config.program),
            on_tick=on_tick,
            on_exchange=None if self.effects.trace is None else self._trace_exchange,
        )

    def metadata(self, http: Http) -> Metadata:
        """Return the server's metadata, freshly fetched."""
        return run(discover(self.config.issuer), http)

    def registrations(self) -> Registrations:
        """Return the clients that the server made for this program."""
        from keyturn.client.registration import Registrations

        return Registrations(self)

    def client_of(self, session: Session) -> Client:
        """Return the client that a session was granted to.

        Raises:
            StoreReadFailed, StoreCorrupt: what is registered cannot be read.
        """
        if not self.config.registers:
            return self.config.client
        return self.registrations().of(session.client_id)

    def stack(self) -> StackClient:
        """Return the access to the Stack-compatible project; only where there is one."""
        project = self.config.stack
        if project is None:
            raise ValueError("this program signs in to an OAuth issuer, not to a Stack project")
        return StackClient(
            base_url=project.base_url,
            project_id=project.project_id,
            publishable_client_key=project.publishable_client_key,
            user_agent=stack_user_agent(self.config.program),
        )

    def trace(self, message: str) -> None:
        """Tell ``--verbose`` what happened to the session."""
        if self.effects.trace is not None:
            self.effects.trace(message)

    def _trace_exchange(self, method: str, host: str, status: int | None, seconds: float) -> None:
        answered = f"HTTP {status}" if status is not None else "no answer"
        self.trace(f"{method} {host}: {answered} after {seconds * 1000:.0f} ms")


def start(
    config: Config,
    effects: Effects | None,
    listener: Callable[[str], None] | None,
    store: SessionStore | RawTokenStore | None = None,
) -> Runtime:
    """Return the parts of one program, tracing to ``listener`` or as ``<APP>_DEBUG`` asks."""
    chosen = effects or Effects()
    if listener is None and config.variable("DEBUG") not in ("", "0"):
        listener = to_stderr(f"{config.program}: ")
    traced = chosen if listener is None else replace(chosen, trace=listener)
    return Runtime(config, traced, store)


def _require_protected(issuer: str) -> None:
    parts = urlsplit(issuer)
    try:
        _ = parts.port
        host = "" if parts.query or parts.fragment else parts.hostname
    except ValueError:  # a port that is no number, or too big for one
        host = ""
    if parts.scheme not in ("https", "http") or not host:
        raise ExchangeFailed(f"{issuer} is no address of a sign-in server.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ExchangeFailed(
            f"{host_of(issuer)} would be spoken to without TLS, and tokens with it.",
            hint="Use its https address; plain http is for servers on this computer only.",
        )
