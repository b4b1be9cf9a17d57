"""Runs one command: loads it, hands it what it works on, and turns every end into an exit status.

The attachers only parse. From here on nothing depends on the command-line framework, and no
ordinary failure ends in a traceback: 0 done, 1 failed, 2 usage, 4 sign-in required, 75 temporary,
130 interrupted.
"""

from keyturn.client.commands.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    CommandUsage,
    fail,
    show,
)
from keyturn.client.commands.output import Console
from keyturn.client.commands.table import load
from keyturn.protocol.errors import KeyturnError, SignInRequired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Hooks


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
        console: Console,
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


def run_command(name: str, call: Call) -> int:
    """Run one command of the table and return its exit status."""
    console = call.console
    if call.options.get("verbose"):
        call.auth.trace(console.talk)
    try:
        status = load(name).run(call)
    except KeyboardInterrupt:
        console.finish()
        return EXIT_INTERRUPTED
    except (KeyturnError, CommandUsage) as error:
        if isinstance(error, SignInRequired):
            _tell_not_signed_in(call)
        names = {"program": call.auth.program, "group": call.group, "suffix": call.suffix}
        return fail(console, error, **names)
    console.finish()
    return status or _lost_answer(console)


def _tell_not_signed_in(call: Call) -> None:
    if call.hooks and call.hooks.on_not_signed_in:
        from keyturn.client.commands.hooks import call_hook

        call_hook(call.console, call.hooks.on_not_signed_in)


def _lost_answer(console: Console) -> int:
    """Return 1 when the answer did not reach stdout; a reader who left early is told nothing."""
    lost = console.answer_lost
    if lost is None:
        return 0
    if not isinstance(lost, BrokenPipeError):
        show(console, "OUTPUT_FAILED", f"The answer could not be written: {lost.strerror}.", None)
    return EXIT_FAILED
