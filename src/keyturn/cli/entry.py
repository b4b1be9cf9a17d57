"""Where the console script ``keyturn`` begins: finds the command and hands the rest to it.

A command's code is loaded when it is called, so ``keyturn auth`` starts without the server, and a
command whose extra is missing says which one.
"""

import sys

from keyturn.client.commands.errors import (
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    CommandUsage,
    fail,
)
from keyturn.client.commands.output import Console
from keyturn.protocol.errors import MissingExtra

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Command:
    """One command of ``keyturn``.

    Attributes:
        module: Where its function lives.
        function: Takes the arguments after the command's name, returns the exit status.
        summary: One line for ``keyturn --help``.
        extra: Which extra it needs, if any.
    """

    __slots__ = ("extra", "function", "module", "summary")

    def __init__(self, module: str, function: str, summary: str, extra: str | None = None) -> None:
        self.module = module
        self.function = function
        self.summary = summary
        self.extra = extra


COMMANDS = {
    "auth": Command(
        "keyturn.cli.auth", "main", "Sign in to any OAuth server or Stack-compatible project."
    ),
    "serve": Command("keyturn.server.command", "serve_main", "Run the sign-in server.", "server"),
    "project": Command(
        "keyturn.server.command", "project_main", "Create and list the server's projects.", "server"
    ),
    "demo": Command(
        "keyturn.cli.demo", "main", "See a program sign in, from start to end.", "server"
    ),
}


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run the command named on the command line and return its exit status.

    Args:
        argv: The arguments after the program's name; those of this process where left out.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except (MissingExtra, CommandUsage) as error:
        console = Console(as_json="--json" in arguments)
        return fail(console, error, program="keyturn")


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _help(asked_for=bool(arguments))
    name, rest = arguments[0], arguments[1:]
    if name in ("-V", "--version"):
        return _version()
    command = COMMANDS.get(name)
    if command is None:
        raise CommandUsage(f"There is no command '{name}'.", hint="Run `keyturn --help`.")
    try:
        return _function(command)(rest)
    except ModuleNotFoundError as error:
        if command.extra is None or (error.name or "").partition(".")[0] == "keyturn":
            raise
        raise MissingExtra(command.extra, needed_for=f"`keyturn {name}`") from error


def _function(command: Command) -> "Callable[[list[str]], int]":
    module = __import__(command.module, fromlist=[command.function])
    function: Callable[[list[str]], int] = getattr(module, command.function)
    return function


def _help(*, asked_for: bool) -> int:
    console = Console()
    say = console.answer if asked_for else console.talk
    say("Usage: keyturn COMMAND [OPTIONS]")
    say("")
    say("Sign-in for command-line tools.")
    say("")
    for name, command in COMMANDS.items():
        say(f"  {name:<10}{command.summary}")
    say("")
    say("  --version   Print the version.")
    say("  --help      Print this help; every command has its own.")
    return 0 if asked_for else EXIT_USAGE


def _version() -> int:
    from importlib.metadata import version

    Console().answer(f"keyturn {version('keyturn')}")
    return 0
