"""How one program is set up: its name, its issuer, its client. Plain values, no I/O.

On the hot path: plain classes instead of dataclasses, whose import costs more than the whole job.
"""

import os

from keyturn.client.paths import variable_prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


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
        self.base_url = base_url.rstrip("/")
        self.project_id = project_id
        self.app_url = app_url.rstrip("/")
        self.publishable_client_key = publishable_client_key

    def __repr__(self) -> str:
        return f"StackProject(base_url={self.base_url!r}, project_id={self.project_id!r})"


class Config:
    """Everything about one program that is fixed when it starts.

    Raises:
        ValueError: the name could not be part of a path, or not exactly one of ``issuer`` (with
            ``client_id``) and ``stack`` was given.
    """

    __slots__ = (
        "client_id",
        "environ",
        "home",
        "issuer",
        "name",
        "prefix",
        "program",
        "scope",
        "stack",
        "storage",
    )

    def __init__(
        self,
        name: str,
        *,
        issuer: str | None,
        client_id: str | None,
        stack: StackProject | None,
        scope: str | None,
        storage: str,
        home: str | None,
        program: str | None,
        environ: "Mapping[str, str] | None" = None,
    ) -> None:
        if not name or not _NAME.issuperset(name) or name[0] in ".-":
            raise ValueError(f"a program name is letters, digits, '.', '_' and '-', not {name!r}")
        if storage not in ("auto", "file", "keyring"):
            raise ValueError(f"storage is 'auto', 'file' or 'keyring', not {storage!r}")
        if stack is not None:
            if issuer is not None or client_id is not None:
                raise ValueError("give either issuer= and client_id=, or stack=")
            issuer, client_id = stack.base_url, stack.project_id
        if not issuer or not client_id:
            raise ValueError("give issuer= and client_id=, or stack=")
        self.name = name
        self.program = program or name
        self.prefix = variable_prefix(name)
        self.issuer = issuer
        self.client_id = client_id
        self.stack = stack
        self.scope = scope
        self.storage = storage
        self.home = home
        self.environ = os.environ if environ is None else environ

    def variable(self, suffix: str) -> str:
        """Return what ``ACME_<suffix>`` holds, trimmed; empty where it is not set."""
        return (self.environ.get(f"{self.prefix}_{suffix}") or "").strip()

    @property
    def client_key(self) -> str:
        """What keeps this client's sessions at this issuer apart from all others in one file."""
        return f"{self.issuer} {self.client_id}"
