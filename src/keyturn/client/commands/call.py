"""One command as it was typed: what its module works on."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Hooks
    from keyturn.client.commands.output import Console


class Call:
    """One command as it was typed.

    Attributes:
        auth: The program's sign-in.
        console: How it speaks.
        options: What was typed, by the names of ``Option.dest``.
        hooks: What the program's author hung in, or ``None``.
        group: Under which name the commands hang: ``auth``.
        suffix: What every command of this caller ends with, such as `` --profile work``.
    """

    __slots__ = ("auth", "console", "group", "hooks", "options", "suffix")

    def __init__(
        self,
        auth: "Auth",
        console: "Console",
        options: "Mapping[str, Any]",
        *,
        hooks: "Hooks | None" = None,
        group: str = "auth",
        suffix: str = "",
    ) -> None:
        self.auth: Auth = auth
        self.console: Console = console
        self.options: Mapping[str, Any] = options
        self.hooks: Hooks | None = hooks
        self.group: str = group
        self.suffix: str = suffix

    @property
    def account(self) -> str | None:
        """Which account was named, if any."""
        account: str | None = self.options.get("account")
        return account

    @property
    def now(self) -> float:
        """The time, in epoch seconds."""
        from keyturn.client.clock import now

        return now()

    def typed(self, command: str) -> str:
        """Return how one of the commands is typed here: ``acme auth login --device``."""
        return f"{self.auth.program} {self.group} {command}{self.suffix}"
