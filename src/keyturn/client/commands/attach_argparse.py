"""Hangs the commands into a program built with argparse.

A program builds its whole parser at every start, so this builds little: a name and a sentence per
command. The options of a command, and its module, are loaded when it is the one that was typed.
"""

import argparse

from keyturn.client.commands.errors import EXIT_USAGE, show
from keyturn.client.commands.output import Console
from keyturn.client.commands.run import Call, run_command
from keyturn.client.commands.table import COMMANDS, Option, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Bundle, Document
    from keyturn.client.session import LogoutOutcome

    Runner = Callable[[str, "dict[str, Any]"], int]

_PREFIX = "keyturn_"  # keeps our values apart from the program's own --json or --account


def attach_argparse(
    subparsers: "argparse._SubParsersAction[Any]",
    auth: "Auth",
    *,
    name: str = "auth",
    dest: str = "func",
    fetch_live: "Callable[[Bundle], Document] | None" = None,
    render_text: "Callable[[Document], str] | None" = None,
    render_json: "Callable[[Document], Document] | None" = None,
    on_not_signed_in: "Callable[[], object] | None" = None,
    on_signed_out: "Callable[[LogoutOutcome], object] | None" = None,
) -> argparse.ArgumentParser:
    """Add ``auth login``, ``auth status`` and the others; return the parser of ``auth``.

    Each command sets ``dest`` to a function that takes the parsed arguments, does the work and
    returns the exit status, so a program ends with ``sys.exit(args.func(args))``.

    Args:
        subparsers: What ``ArgumentParser.add_subparsers()`` returned.
        auth: The program's sign-in.
        name: What the group of commands is called.
        dest: The attribute of the parsed arguments that holds the function.
        fetch_live: See Hooks, as for the rest.
        render_text: Text for ``status`` and ``whoami`` from their document.
        render_json: Another document for them.
        on_not_signed_in: Told when nobody is signed in.
        on_signed_out: Told of each account that was signed out.
    """
    hooks = None
    if fetch_live or render_text or render_json or on_not_signed_in or on_signed_out:
        from keyturn.client.commands.hooks import Hooks

        hooks = Hooks(
            fetch_live=fetch_live,
            render_text=render_text,
            render_json=render_json,
            on_not_signed_in=on_not_signed_in,
            on_signed_out=on_signed_out,
        )

    def run(command: str, options: "dict[str, Any]") -> int:
        console = Console(as_json=bool(options.get("json")))
        return run_command(command, Call(auth, console, options, hooks=hooks, group=name))

    summary = "Sign in and out, and see who is signed in."
    group: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    add_commands(group, run, dest=dest)
    return group


def add_commands(
    group: argparse.ArgumentParser,
    run: "Runner",
    *,
    dest: str = "func",
    more_options: "Callable[[str], Sequence[Option]] | None" = None,
) -> None:
    """Add every command of the table to ``group``.

    Args:
        group: The parser of ``auth``.
        run: Called with a command's name and its options; returns the exit status.
        dest: Where the parsed arguments hold the function to call.
        more_options: Given a command's name, returns options beyond the command's own.
    """
    _report_usage_errors(group)
    commands = group.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_CommandParser
    )
    for name, summary in COMMANDS.items():
        parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        parser.command = name
        parser.more_options = more_options
        parser.set_defaults(**{dest: _Function(run, name)})


class _Function:
    """What ``args.func`` is: one command, waiting for its arguments."""

    __slots__ = ("_command", "_run")

    def __init__(self, run: "Runner", command: str) -> None:
        self._run = run
        self._command = command

    def __call__(self, args: argparse.Namespace) -> int:
        start = len(_PREFIX)
        values = vars(args).items()
        options = {key[start:]: value for key, value in values if key.startswith(_PREFIX)}
        return self._run(self._command, options)


def _report_usage_errors(group: argparse.ArgumentParser) -> None:
    """Have a mistyped command reported as JSON where that is wanted.

    The parser of ``auth`` is of the program's own class, so this is hung onto the one object.
    """
    usual = group.error

    def error(message: str) -> "NoReturn":
        console = Console()
        if not console.json_errors:
            usual(message)
        show(console, "USAGE", message, f"Run `{group.prog} --help`.")
        group.exit(EXIT_USAGE)

    group.error = error  # type: ignore[method-assign]


class _CommandParser(argparse.ArgumentParser):
    """A command's parser, which learns its options when they are first needed."""

    command = ""
    more_options: "Callable[[str], Sequence[Option]] | None" = None
    _filled = False
    _wants_json = False

    def parse_known_args(  # type: ignore[override]
        self, args: "Sequence[str] | None" = None, namespace: "Any" = None
    ) -> "tuple[Any, list[str]]":
        """Parse, knowing the options by now."""
        self._wants_json = "--json" in (args or ())
        self._fill()
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Return the help, options included."""
        self._fill()
        return super().format_help()

    def error(self, message: str) -> "NoReturn":
        """Report a usage error as argparse does, or as one JSON line where that is wanted."""
        console = Console(as_json=self._wants_json)
        if not console.json_errors:
            super().error(message)
        show(console, "USAGE", message, f"Run `{self.prog} --help`.")
        self.exit(EXIT_USAGE)

    def _fill(self) -> None:
        if self._filled:
            return
        self._filled = True
        for option in load(self.command).OPTIONS:
            _add(self, option)
        for option in self.more_options(self.command) if self.more_options else ():
            _add(self, option)


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    dest = _PREFIX + option.dest
    if option.kind == "switch":
        parser.add_argument(*option.flags, dest=dest, action="store_true", help=option.help)
        return
    parser.add_argument(
        *option.flags,
        dest=dest,
        help=option.help,
        metavar=option.metavar,
        type=int if option.kind == "number" else str,
        choices=option.choices or None,
    )
