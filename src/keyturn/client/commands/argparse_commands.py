"""The table of commands as argparse parsers. Loaded when the commands are what was typed."""

import argparse

from keyturn.client.commands.errors import EXIT_USAGE, show
from keyturn.client.commands.output import Console
from keyturn.client.commands.table import COMMANDS, Option, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    Runner = Callable[[str, "dict[str, Any]"], int]

PREFIX = "keyturn_"  # keeps our values apart from the program's own --json or --account


def fill(
    group: argparse.ArgumentParser,
    defaults: "Callable[[str], dict[str, Any]]",
    more_options: "Callable[[str], Sequence[Option]] | None",
) -> None:
    """Add a parser for every command of the table to ``group``.

    Args:
        group: The parser of ``auth``.
        defaults: Given a command's name, returns what its parsed arguments always hold.
        more_options: Given a command's name, returns options beyond the command's own.
    """
    commands = group.add_subparsers(
        title="commands",
        metavar="COMMAND",
        required=True,
        parser_class=CommandParser,
        prog=group.prog,
    )
    for name, summary in COMMANDS.items():
        parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        parser.command = name
        parser.more_options = more_options
        parser.set_defaults(**defaults(name))


def usage_error(
    parser: argparse.ArgumentParser,
    message: str,
    usual: "Callable[[str], NoReturn]",
    *,
    as_json: bool = False,
) -> "NoReturn":
    """Report a usage error as argparse does, or as one JSON line where that is wanted."""
    console = Console(as_json=as_json)
    if not console.json_errors:
        usual(message)
    show(console, "USAGE", message, f"Run `{parser.prog} --help`.")
    parser.exit(EXIT_USAGE)


class CommandParser(argparse.ArgumentParser):
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
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            # Not argparse's own words, which repeat what was typed: it may have been a token.
            flags = [text.partition("=")[0] for text in unknown if text.startswith("--")]
            said = f"there is no option {flags[0]}" if flags else "it takes no further arguments"
            self.error(said)
        return parsed, unknown

    def format_help(self) -> str:
        """Return the help, options included."""
        self._fill()
        return super().format_help()

    def error(self, message: str) -> "NoReturn":
        """Report a usage error as argparse does, or as one JSON line where that is wanted."""
        usage_error(self, message, super().error, as_json=self._wants_json)

    def _fill(self) -> None:
        if self._filled:
            return
        self._filled = True
        for option in load(self.command).OPTIONS:
            _add(self, option)
        for option in self.more_options(self.command) if self.more_options else ():
            _add(self, option)


class Function:
    """What ``args.func`` is: one command, waiting for its arguments."""

    __slots__ = ("_command", "_run")

    def __init__(self, run: "Runner", command: str) -> None:
        self._run = run
        self._command = command

    def __call__(self, args: argparse.Namespace) -> int:
        """Run the command; return the exit status."""
        start = len(PREFIX)
        values = vars(args).items()
        options = {key[start:]: value for key, value in values if key.startswith(PREFIX)}
        return self._run(self._command, options)


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    dest = PREFIX + option.dest
    if option.is_argument:
        parser.add_argument(dest, help=option.help, metavar=option.metavar)
        return
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
