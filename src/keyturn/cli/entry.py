"""Where the console script ``keyturn`` begins: finds the command and hands the rest to it.

A command's code is loaded when it is called, so ``keyturn auth`` starts without the server, and a
command whose extra is missing says which one.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keyturn.client.commands.errors import CommandUsage
    from keyturn.protocol.errors import KeyturnError


_INTERRUPTED = 130  # 128 + SIGINT; told here, so that nothing has to be loaded to be interrupted


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
        self.module: str = module
        self.function: str = function
        self.summary: str = summary
        self.extra: str | None = extra


COMMANDS = {
    "auth": Command(
        "keyturn.cli.auth", "main", "Sign in to any OAuth server or Stack-compatible project."
    ),
    "serve": Command("keyturn.server.command", "serve_main", "Run the sign-in server.", "server"),
    "project": Command(
        "keyturn.server.command", "project_main", "Create and list the server's projects.", "server"
    ),
    "keys": Command("keyturn.cli.keys", "main", "List and rotate the server's keys.", "server"),
    "epoch": Command(
        "keyturn.cli.epoch", "main", "End every session after restoring a backup.", "server"
    ),
    "migrate": Command(
        "keyturn.cli.migrate", "main", "Upgrade the schema; move to PostgreSQL.", "server"
    ),
    "doctor": Command(
        "keyturn.cli.doctor", "main", "Find out what stands in the server's way.", "server"
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
        return _INTERRUPTED
    except Exception as error:
        from keyturn.protocol.errors import KeyturnError

        if not isinstance(error, KeyturnError):
            raise
        return _fail(arguments, error)


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _help(asked_for=bool(arguments))
    name, rest = arguments[0], arguments[1:]
    if name in ("-V", "--version"):
        return _version()
    command = COMMANDS.get(name)
    if command is None:
        from keyturn.client.commands.errors import CommandUsage

        unknown = CommandUsage(f"There is no command '{name}'.", hint="Run `keyturn --help`.")
        return _fail(arguments, unknown)
    try:
        return _function(command)(rest)
    except ModuleNotFoundError as error:
        if command.extra is None or (error.name or "").partition(".")[0] == "keyturn":
            raise
        from keyturn.protocol.errors import MissingExtra

        return _fail(arguments, MissingExtra(command.extra, needed_for=f"`keyturn {name}`"))


def _fail(arguments: list[str], error: "KeyturnError | CommandUsage") -> int:
    from keyturn.client.commands.errors import fail
    from keyturn.client.commands.output import Console

    return fail(Console(as_json="--json" in arguments), error, program="keyturn")


def _function(command: Command) -> "Callable[[list[str]], int]":
    module = __import__(command.module, fromlist=[command.function])
    function: Callable[[list[str]], int] = getattr(module, command.function)
    return function


def _help(*, asked_for: bool) -> int:
    from keyturn.client.commands.errors import EXIT_USAGE
    from keyturn.client.commands.output import Console

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

    from keyturn.client.commands.output import Console

    Console().answer(f"keyturn {version('keyturn')}")
    return 0
