"""The commands and what they accept, told once for every command-line framework.

A command is a module of this package with ``OPTIONS`` and ``run(call) -> int``. Adding one means
one file and one line in ``COMMANDS``. The attachers turn ``Option`` into argparse or Click; they
load a command's module only when that command is the one that was typed.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Protocol

    from keyturn.client.commands.call import Call

    class CommandModule(Protocol):
        """What a command's module offers."""

        OPTIONS: Sequence["Option"]
        run: Callable[["Call"], int]


COMMANDS = {
    "login": "Sign in through the browser.",
    "logout": "Sign out, here and at the server.",
    "status": "Show who is signed in, and for how long.",
    "token": "Print an access token that is valid now.",
    "switch": "Choose the account that is used when none is named.",
    "list": "List the accounts that are signed in.",
    "whoami": "Name the account that is signed in.",
    "refresh": "Renew the session now, due or not.",
    "doctor": "Find out what stands in the way, and what to do about it.",
}


class Option:
    """One ``--option`` of a command, or an argument that has to be given.

    Attributes:
        flags: As typed, the long one first: ``("--account", "--user")``; of an argument, its name.
        dest: The key under which its value arrives.
        help: One line for ``--help``.
        metavar: What stands for its value in the help; ``None`` for a switch.
        kind: ``"switch"``, ``"text"`` or ``"number"``.
        choices: The only values accepted, or empty.
        is_argument: Whether it is an argument, told by its place.
    """

    __slots__ = ("choices", "dest", "flags", "help", "is_argument", "kind", "metavar")

    def __init__(
        self,
        *flags: str,
        help: str,
        metavar: str | None = None,
        kind: "Literal['switch', 'text', 'number'] | None" = None,
        choices: "Sequence[str]" = (),
    ) -> None:
        self.flags: tuple[str, ...] = flags
        self.dest: str = flags[0].lstrip("-").replace("-", "_")
        self.is_argument: bool = not flags[0].startswith("-")
        self.help: str = help
        self.metavar: str | None = metavar
        self.kind: Literal["switch", "text", "number"] = kind or (
            "switch" if metavar is None and not choices else "text"
        )
        self.choices: tuple[str, ...] = tuple(choices)


JSON = Option("--json", help="Print one JSON document on stdout.")
ACCOUNT = Option(
    "--account", "--user", metavar="REF", help="The account: its id, email address or label."
)
VERBOSE = Option("--verbose", help="Tell on stderr what happens to the session; never a secret.")


def load(name: str) -> "CommandModule":
    """Return the module of one command of ``COMMANDS``."""
    module: CommandModule = __import__(f"keyturn.client.commands.{name}", fromlist=["run"])
    return module
