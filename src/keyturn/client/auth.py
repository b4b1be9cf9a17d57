"""The object a CLI author holds: one program's sign-in state and how to change it.

On the hot path: every method but ``token`` loads what it needs when it is called.
"""

from keyturn.client import REGISTERED, environment_token, has_record, now, valid_token
from keyturn.client import variable_prefix as prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.adapters.httpx_auth import HttpxAuth
    from keyturn.client.adapters.requests_auth import RequestsAuth
    from keyturn.client.config import Identify, StackProject
    from keyturn.client.doctor.findings import Finding
    from keyturn.client.effects import Effects
    from keyturn.client.legacy import LegacyStore
    from keyturn.client.login.base import LoginEvent, LoginOutcome
    from keyturn.client.migrate import MigrationOutcome
    from keyturn.client.provider import Provider
    from keyturn.client.runtime import Runtime
    from keyturn.client.session import LogoutOutcome, SessionInfo
    from keyturn.client.stores.base import SessionStore
    from keyturn.client.stores.raw import RawTokenStore


class Auth:
    """Sign-in for one command-line program. Constructing it does no I/O.

    Args:
        name: The program's technical name; ``acme`` gives ``ACME_TOKEN``, ``ACME_HOME`` and
            ``ACME_ACCOUNT``, and the directory ``acme`` in the platform's state directory.
        issuer: The OAuth server's issuer URL, exactly as its metadata spells it.
        client_id: This program's client there. Left out, the server is asked to make one at the
            first sign-in (RFC 7591), which is then kept.
        client_secret: For a server that insists on one, although users can read it.
        stack: A Stack-compatible project instead of ``issuer`` and ``client_id``.
        provider: A way of signing in of the program's own, instead of both; see Provider.
        scope: What to ask for at sign-in, separated by spaces.
        storage: Where sessions are kept: ``"auto"`` (the refresh token in the system keyring where
            there is one, else in the file), ``"file"`` or ``"keyring"`` (both tokens, or an error).
        home: Where sessions are kept, instead of the platform's state directory.
        program: What hints call the program; its name where left out.
        effects: Clock, randomness, browser and messages, instead of the real ones.
        identify: Asked whose access token it is where the server does not tell at sign-in: returns
            an account id, an Account, or ``None`` for "not known". Runs without any lock; what it
            raises ends the sign-in as ExchangeFailed, a KeyturnError as it is.
        legacy: Where an older version of the program kept its one token. It is taken over before
            the sessions are first used; see ``migrate``.
        store: Where sessions are kept, instead of the file and the keyring: a SessionStore, or
            anything with ``load_token()`` and ``save_token(token)`` (see RawTokenStore). The
            locks are still in ``home``.

    Raises:
        ValueError: a name that could not be part of a path, or not exactly one of ``issuer``,
            ``stack`` and ``provider``.
    """

    def __init__(
        self,
        name: str,
        *,
        issuer: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        stack: "StackProject | None" = None,
        provider: "Provider | None" = None,
        scope: str | None = None,
        storage: str = "auto",
        home: str | None = None,
        program: str | None = None,
        effects: "Effects | None" = None,
        identify: "Identify | None" = None,
        legacy: "LegacyStore | None" = None,
        store: "SessionStore | RawTokenStore | None" = None,
    ) -> None:
        letters = name.replace("-", "").replace("_", "").replace(".", "")
        if not letters.isalnum() or not name.isascii() or not name[0].isalnum():
            raise ValueError(f"a program's name is letters, digits, '.', '_' and '-', not {name!r}")
        if sum(map(bool, (issuer or client_id, stack, provider))) != 1:
            raise ValueError("give either issuer=, stack= or provider=")
        if stack is not None:
            issuer, client_id = stack.base_url, stack.project_id
        elif provider is not None:
            issuer, client_id = provider.issuer, provider.name
        if not issuer or (client_secret and not client_id):
            raise ValueError("give issuer=, and client_id= where there is a client_secret=")
        if storage not in ("auto", "file", "keyring"):
            raise ValueError(f"storage is 'auto', 'file' or 'keyring', not {storage!r}")
        self.name = name
        self.program: str = program or name
        self.issuer = issuer
        self.client_id: str = client_id or REGISTERED
        self.home = home
        self._client_secret = client_secret
        self._stack = stack
        self._provider = provider
        self._scope = scope
        self._storage = storage
        self._effects = effects
        self._identify = identify
        self._legacy = legacy
        self.store: SessionStore | RawTokenStore | None = store
        self._now = now if effects is None else effects.now
        self._listener: Callable[[str], None] | None = None
        self._parts: Runtime | None = None

    def token(self, *, account: str | None = None) -> str:
        """Return an access token that can be used now; refreshes it silently when it is due.

        Args:
            account: An id, email or label; the default account where left out.

        Raises:
            SignInRequired: nobody is signed in (or SessionExpired: the session has ended).
            AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
            ServerUnreachable, RefreshTransient: due, and it could not be renewed just now.
            StoreCorrupt, StoreReadFailed, StoreUnavailable, StoreLocked: the store cannot be read.
        """
        found = valid_token(self, account, self._now())
        if found is not None:
            return found
        from keyturn.client.refresh import valid_session

        return valid_session(self._runtime(), account).access_token

    def token_instead_of(self, rejected: str, *, account: str | None = None) -> str:
        """Return another token after ``rejected`` was answered with 401, whatever its expiry says.

        Where another process has renewed the session since, its token is returned and nothing is
        sent. Raises as ``token`` does, and TokenFromEnv where the environment's token was rejected.
        """
        if self.env_token_set():
            from keyturn.protocol.errors import TokenFromEnv

            name = self.env_token_name()
            raise TokenFromEnv(f"The server does not accept the token in {name}.")
        from keyturn.client.refresh import valid_session

        return valid_session(self._runtime(), account, rejected=rejected).access_token

    def refresh(self, *, account: str | None = None) -> "SessionInfo":
        """Renew the session now, due or not, and return it. Raises as ``token`` does.

        Raises:
            RefreshUnavailable: there is no refresh token.
        """
        from keyturn.client.refresh import valid_session

        rt = self._runtime()
        return rt.info(valid_session(rt, account, force=True))

    def has_session(self) -> bool:
        """Say whether any session is stored here, without network, lock or refresh.

        An older token that waits to be taken over counts (``legacy=``).

        Raises:
            StoreReadFailed, StoreCorrupt: the store cannot be read.
        """
        found = has_record(self)
        if found or (found is False and self._legacy is None):
            return found
        from keyturn.client.migrate import any_session

        return any_session(self._prepared(), self._legacy)

    def session(self, *, account: str | None = None) -> "SessionInfo | None":
        """Return what the store knows of a session, or ``None`` when nobody is signed in.

        Raises:
            AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
            StoreReadFailed, StoreCorrupt: the store cannot be read.
        """
        from keyturn.protocol.errors import SignInRequired

        rt = self._runtime()
        try:
            return rt.info(rt.session(account))
        except SignInRequired:
            return None

    def sessions(self) -> "list[SessionInfo]":
        """Return every session of this program at this issuer, the default first.

        Raises:
            StoreReadFailed, StoreCorrupt: the store cannot be read.
        """
        rt = self._runtime()
        found = [rt.info(session) for session in rt.store.index().sessions.values()]
        return sorted(found, key=lambda session: not session.is_default)

    def switch(self, account: str) -> "SessionInfo":
        """Make ``account`` the default and return its session.

        Raises:
            SignInRequired, AccountNotFound, AccountAmbiguous, StoreWriteFailed.
        """
        from keyturn.client.signout import switch

        return switch(self._runtime(), account)

    def env_token_name(self) -> str:
        """Return the name of the variable whose token wins over the store: ``ACME_TOKEN``."""
        return prefix(self.name) + "_TOKEN"

    def env_token_set(self) -> bool:
        """Say whether that variable holds a token now."""
        return environment_token(self) is not None

    def login(
        self,
        *,
        method: str = "auto",
        open_browser: bool = True,
        scope: str | None = None,
        port: int = 0,
        force: bool = False,
        storage: str | None = None,
        on_event: "Callable[[LoginEvent], None] | None" = None,
    ) -> "LoginOutcome":
        """Sign a person in and store the session. Blocks until they decided or time ran out.

        Args:
            method: ``"auto"``, ``"loopback"``, ``"device"`` or ``"cli_poll"``.
            open_browser: Whether a browser may be started here.
            scope: Instead of the scope given to the constructor.
            port: The loopback port to come back to; 0 takes a free one.
            force: Start anew although a live session is stored, and let the account change.
            storage: Instead of the policy given to the constructor; remembered with the account.
            on_event: Called with each LoginEvent, on the calling thread.

        Raises:
            LoginDenied, LoginExpired, CallbackTimeout, PortUnavailable, ExchangeFailed,
            ServerUnreachable, UnexpectedReply, StoreWriteFailed, StoreUnavailable.
            KeyboardInterrupt: Ctrl-C; nothing was stored.
        """
        from keyturn.client.login.base import Options
        from keyturn.client.signin import login

        options = Options(
            method=method,
            open_browser=open_browser,
            scope=scope or self._scope,
            port=port,
            force=force,
            storage=storage or self._storage,
        )
        return login(self._runtime(), options, on_event)

    def login_with_token(self, token: str) -> "LoginOutcome":
        """Store an access token that the person brought along; it is asked for its account.

        Raises:
            ExchangeFailed: it is no token, or the server does not accept it.
            ServerUnreachable, UnexpectedReply, StoreWriteFailed, StoreUnavailable.
        """
        from keyturn.client.signin import login_with_token

        return login_with_token(self._runtime(), token)

    def anonymous(self) -> "SessionInfo":
        """Return the stored session, else start one without a person (Stack projects only).

        A later ``login`` takes it over: whoever signs up then keeps its user.

        Raises:
            ValueError: this program does not sign in to a Stack project.
            ExchangeFailed, ServerUnreachable, UnexpectedReply, StoreWriteFailed, StoreUnavailable.
        """
        from keyturn.client.signin import anonymous

        return anonymous(self._runtime())

    def logout(self, *, account: str | None = None) -> "LogoutOutcome":
        """Revoke the session at the server where possible, and forget it here in any case.

        Raises:
            SignInRequired: nobody is signed in.
            AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
            StoreWriteFailed, StoreLocked, StoreUnavailable: it could not be forgotten.
        """
        from keyturn.client.signout import logout

        return logout(self._runtime(), account)

    def userinfo(self, *, account: str | None = None) -> "dict[str, object]":
        """Ask the server who this session belongs to (OpenID Connect Core section 5.3).

        Raises:
            SessionExpired: the server does not accept the token (any more).
            ExchangeFailed: the server does not tell.
            ServerUnreachable, UnexpectedReply; and as ``token`` does.
        """
        from keyturn.client.identify import whose

        return whose(self._runtime(), account)

    def migrate(self, legacy: "LegacyStore | None" = None) -> "MigrationOutcome":
        """Take over the token that an older version of this program kept in its own way.

        It is stored as the account ``default``, read back, and only then removed from its old
        place; a session that is stored already wins. Sends nothing, and raises no KeyturnError.

        Args:
            legacy: LegacyFile, LegacyJson, LegacyKeyring or the program's own; the one given to the
                constructor where left out.

        Raises:
            ValueError: there is neither.
        """
        from keyturn.client.migrate import migrate

        chosen = legacy or self._legacy
        if chosen is None:
            raise ValueError("say where the older token is: legacy=")
        return migrate(self._prepared(), chosen)

    def httpx(self, *, origin: str | None = None, account: str | None = None) -> "HttpxAuth":
        """Return an auth object for the clients of httpx2 and httpx, blocking and awaitable.

        It puts a valid token on requests to one origin; after a 401 it renews the session and
        repeats the request, once. A request elsewhere, redirects included, carries no token. A
        request raises what ``token`` raises.

        Args:
            origin: Any URL of the API. Left out, it is the sign-in server's own origin: the first
                request's may be anybody's, of whom the program was sent a link.
            account: An id, email or label; the default account where left out.

        Raises:
            ValueError: ``origin`` is no absolute URL, or plain http to another computer.
            MissingExtra: neither library is installed.
        """
        from keyturn.client.adapters import for_httpx

        return for_httpx(self, origin=origin, account=account)

    def requests(self, *, origin: str | None = None, account: str | None = None) -> "RequestsAuth":
        """Return an auth object for requests: ``session.auth``, or ``auth=`` of its functions.

        Arguments, behaviour and errors are those of ``httpx``.
        """
        from keyturn.client.adapters import for_requests

        return for_requests(self, origin=origin, account=account)

    def doctor(self, *, account: str | None = None) -> "list[Finding]":
        """Check whatever a sign-in depends on here, and return what was found. Raises nothing.

        Renews the session where it is due, as any command would; changes nothing else.

        Args:
            account: Whose session to look at; the usual one where left out.
        """
        from keyturn.client.doctor.checkup import examine

        return examine(self._runtime(), account)

    def trace(self, listener: "Callable[[str], None] | None") -> None:
        """Have ``listener`` told what happens to sessions: one line at a time, never a secret.

        ``<APP>_DEBUG=1`` does the same, on stderr.
        """
        self._listener = listener
        self._parts = None

    def _runtime(self) -> "Runtime":
        rt = self._prepared()
        if self._legacy is None or rt.looked_back:
            return rt
        from keyturn.client.migrate import migrate_quietly

        return migrate_quietly(rt, self._legacy)

    def _prepared(self) -> "Runtime":
        if self._parts is None:
            from keyturn.client.config import Config
            from keyturn.client.runtime import start

            config = Config(
                name=self.name,
                program=self.program,
                issuer=self.issuer,
                client_id=self.client_id,
                stack=self._stack,
                scope=self._scope,
                storage=self._storage,
                home=self.home,
                identify=self._identify,
                client_secret=self._client_secret,
                provider=self._provider,
            )
            self._parts = start(config, self._effects, self._listener, self.store)
        return self._parts
