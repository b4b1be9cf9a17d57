"""Hangs the commands into a program built with argparse.

A program builds its whole parser at every start, so this builds next to nothing then. The commands
become parsers when ``auth`` is what was typed; the options of a command, and its module, are loaded
when it is the one.
"""

import argparse

from keyturn.client.commands.quick import answered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Bundle, Document
    from keyturn.client.commands.table import Option
    from keyturn.client.session import LogoutOutcome

    Runner = Callable[[str, "dict[str, Any]"], int]

PREFIX = "keyturn_"  # keeps our values apart from the program's own --json or --account


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
        if answered(auth, command, options):
            return 0
        from keyturn.client.commands.output import Console
        from keyturn.client.commands.run import Call, run_command

        console = Console(as_json=bool(options.get("json")))
        return run_command(command, Call(auth, console, options, hooks=hooks, group=name))

    summary = "Sign in and out, and see who is signed in."
    group: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    fill_later(group, run, dest=dest)
    return group


def fill_later(
    group: argparse.ArgumentParser,
    run: "Runner",
    *,
    dest: str = "func",
    more_options: "Callable[[str], Sequence[Option]] | None" = None,
) -> None:
    """Have ``group`` learn the commands of the table when it is first asked.

    The parser is of the program's own class, so this is hung onto the one object.

    Args:
        group: The parser of ``auth``.
        run: Called with a command's name and its options; returns the exit status.
        dest: Where the parsed arguments hold the function to call.
        more_options: Given a command's name, returns options beyond the command's own.
    """
    parse, describe, complain = group.parse_known_args, group.format_help, group.error
    filled = False

    def learn() -> None:
        nonlocal filled
        if not filled:
            filled = True
            from keyturn.client.commands.argparse_commands import fill

            fill(group, lambda command: {dest: _Function(run, command)}, more_options)

    def parse_known_args(args: "Any" = None, namespace: "Any" = None) -> "Any":
        # The most frequent call of all, and the only one without an option: no parser is needed.
        if args == ["token"] and namespace is None:
            return argparse.Namespace(**{dest: _Function(run, "token")}), []
        learn()
        return parse(args, namespace)

    def format_help() -> str:
        learn()
        return describe()

    def error(message: str) -> "NoReturn":
        from keyturn.client.commands.argparse_commands import usage_error

        usage_error(group, message, complain)

    group.parse_known_args = parse_known_args  # type: ignore[method-assign]
    group.format_help = format_help  # type: ignore[method-assign]
    group.error = error  # type: ignore[method-assign]


class _Function:
    """What ``args.func`` is: one command, waiting for its arguments."""

    __slots__ = ("_command", "_run")

    def __init__(self, run: "Runner", command: str) -> None:
        self._run = run
        self._command = command

    def __call__(self, args: argparse.Namespace) -> int:
        start = len(PREFIX)
        values = vars(args).items()
        options = {key[start:]: value for key, value in values if key.startswith(PREFIX)}
        return self._run(self._command, options)
