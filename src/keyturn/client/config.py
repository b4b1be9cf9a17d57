"""How one program is set up: its name, its issuer, its client. Plain values, no I/O.

No dataclasses: a program that signs in to a Stack project loads this on every run, and their
import costs more than all the rest of such a run.
"""

from keyturn.client import REGISTERED, client_key, variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.provider import Provider
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.tokens import Account

    Identify = Callable[[str], "str | Account | None"]


class StackProject:
    """A project of a Stack-compatible API, signed in to by CLI poll.

    Args:
        base_url: Where the API lives, without ``/api/v1``.
        project_id: The project.
        publishable_client_key: Its publishable key; ``None`` where the project asks for none.
        app_url: The web application whose ``/handler/cli-auth-confirm`` page approves the sign-in.
    """

    __slots__ = ("app_url", "base_url", "project_id", "publishable_client_key")

    def __init__(
        self,
        *,
        base_url: str,
        project_id: str,
        app_url: str,
        publishable_client_key: str | None = None,
    ) -> None:
        self.base_url: str = base_url.rstrip("/")
        self.project_id: str = project_id
        self.app_url: str = app_url.rstrip("/")
        self.publishable_client_key: str | None = publishable_client_key

    def __repr__(self) -> str:
        return f"StackProject(base_url={self.base_url!r}, project_id={self.project_id!r})"


class Config:
    """Everything about one program that is fixed when it starts; see Auth for the members."""

    __slots__ = (
        "client_id",
        "client_secret",
        "home",
        "identify",
        "issuer",
        "name",
        "program",
        "provider",
        "scope",
        "stack",
        "storage",
    )

    def __init__(
        self,
        *,
        name: str,
        program: str,
        issuer: str,
        client_id: str,
        stack: StackProject | None,
        scope: str | None,
        storage: str,
        home: str | None,
        identify: "Identify | None" = None,
        client_secret: str | None = None,
        provider: "Provider | None" = None,
    ) -> None:
        self.name: str = name
        self.program: str = program
        self.issuer: str = issuer
        self.client_id: str = client_id
        self.stack: StackProject | None = stack
        self.scope: str | None = scope
        self.storage: str = storage
        self.home: str | None = home
        self.identify: Identify | None = identify
        self.client_secret: str | None = client_secret
        self.provider: Provider | None = provider

    def variable(self, suffix: str) -> str:
        """Return what ``ACME_<suffix>`` holds, trimmed; empty where it is not set."""
        return variable(self.name, suffix)

    @property
    def registers(self) -> bool:
        """Whether servers make a client for this program, because it brings none along."""
        return self.client_id == REGISTERED

    @property
    def client(self) -> "Client":
        """The client that the program brings along.

        A secret is sent by Basic, which a server that hands out secrets has to take (RFC 6749
        section 2.3.1).
        """
        from keyturn.protocol.client_auth import BASIC, NONE, Client

        method = NONE if self.client_secret is None else BASIC
        return Client(id=self.client_id, secret=self.client_secret, method=method)

    @property
    def client_key(self) -> str:
        """What keeps this client's sessions at this issuer apart from all others in one file."""
        return client_key(self)
