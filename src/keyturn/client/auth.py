"""The object a CLI author holds: one program's sign-in state and how to change it."""

from keyturn.client.config import Config, StackProject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.login.base import LoginEvent, LoginOutcome
    from keyturn.client.session import LogoutOutcome, SessionInfo


class Auth:
    """Sign-in for one command-line program. Constructing it does no I/O.

    Args:
        name: The program's technical name; ``acme`` gives ``ACME_TOKEN``, ``ACME_HOME`` and
            ``ACME_ACCOUNT``, and the directory ``acme`` in the platform's state directory.
        issuer: The OAuth server's issuer URL, exactly as its metadata spells it.
        client_id: This program's public client there.
        stack: A Stack-compatible project instead of ``issuer`` and ``client_id``.
        scope: What to ask for at sign-in, separated by spaces.
        storage: ``"auto"``, ``"file"`` or ``"keyring"``.
        home: Where sessions are kept, instead of the platform's state directory.
        program: What hints call the program; its name where left out.
    """

    def __init__(
        self,
        name: str,
        *,
        issuer: str | None = None,
        client_id: str | None = None,
        stack: StackProject | None = None,
        scope: str | None = None,
        storage: str = "auto",
        home: str | None = None,
        program: str | None = None,
    ) -> None:
        self._config = Config(
            name,
            issuer=issuer,
            client_id=client_id,
            stack=stack,
            scope=scope,
            storage=storage,
            home=home,
            program=program,
        )
        self.name = self._config.name
        self.program = self._config.program
        self.issuer = self._config.issuer

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
        raise NotImplementedError

    def refresh(self, *, account: str | None = None) -> "SessionInfo":
        """Renew the session now, due or not, and return it. Raises as ``token`` does."""
        raise NotImplementedError

    def has_session(self) -> bool:
        """Say whether any session is stored here, without network, lock or refresh."""
        raise NotImplementedError

    def session(self, *, account: str | None = None) -> "SessionInfo | None":
        """Return what the store knows of a session, or ``None`` when nobody is signed in.

        Raises:
            AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
        """
        raise NotImplementedError

    def sessions(self) -> "list[SessionInfo]":
        """Return every session of this program at this issuer, the default first."""
        raise NotImplementedError

    def switch(self, account: str) -> "SessionInfo":
        """Make ``account`` the default and return its session."""
        raise NotImplementedError

    def env_token_name(self) -> str:
        """Return the name of the variable whose token wins over the store: ``ACME_TOKEN``."""
        return self._config.prefix + "_TOKEN"

    def env_token_set(self) -> bool:
        """Say whether that variable holds a token now."""
        raise NotImplementedError

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
        raise NotImplementedError

    def login_with_token(self, token: str) -> "LoginOutcome":
        """Store an access token that the person brought along; it is asked for its account."""
        raise NotImplementedError

    def anonymous(self) -> "SessionInfo":
        """Return the stored session, else start one without a person (Stack projects only)."""
        raise NotImplementedError

    def logout(self, *, account: str | None = None) -> "LogoutOutcome":
        """Revoke the session at the server where possible, and forget it here in any case.

        Raises:
            SignInRequired: nobody is signed in.
            AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
        """
        raise NotImplementedError

    def userinfo(self, *, account: str | None = None) -> "dict[str, object]":
        """Ask the server who this session belongs to (OpenID Connect Core section 5.3)."""
        raise NotImplementedError
