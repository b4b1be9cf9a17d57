"""Hangs the commands into a program built with argparse.

A program builds its whole parser at every start, so this builds next to nothing then. The commands
become parsers when ``auth`` is what was typed; the options of a command, and its module, are loaded
when it is the one.
"""

import argparse

from keyturn.client.commands.quick import run_typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn, Unpack

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import HookFunctions
    from keyturn.client.commands.table import Option

    Runner = Callable[[str, "dict[str, Any]"], int]


def attach_argparse(
    subparsers: "argparse._SubParsersAction[Any]",
    auth: "Auth",
    *,
    name: str = "auth",
    dest: str = "func",
    **hooks: "Unpack[HookFunctions]",
) -> argparse.ArgumentParser:
    """Add ``auth login``, ``auth status`` and the others; return the parser of ``auth``.

    Each command sets ``dest`` to a function that takes the parsed arguments, does the work and
    returns the exit status, so a program ends with ``sys.exit(args.func(args))``.

    Args:
        subparsers: What ``ArgumentParser.add_subparsers()`` returned.
        auth: The program's sign-in.
        name: What the group of commands is called.
        dest: The attribute of the parsed arguments that holds the function.
        **hooks: Functions of the program's own: ``fetch_live``, ``render_text``, ``render_json``,
            ``on_not_signed_in``, ``on_signed_out``, ``revoke``; see Hooks.
    """
    made = None
    if hooks:
        from keyturn.client.commands.hooks import Hooks

        made = Hooks(**hooks)

    def run(command: str, options: "dict[str, Any]") -> int:
        return run_typed(auth, command, options, group=name, hooks=made)

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
            from keyturn.client.commands.argparse_commands import Function, fill

            fill(group, lambda command: {dest: Function(run, command)}, more_options)

    def parse_known_args(args: "Any" = None, namespace: "Any" = None) -> "Any":
        # The most frequent call of all, and the only one without an option: no parser is needed.
        if args == ["token"] and namespace is None:
            return argparse.Namespace(**{dest: lambda args: run("token", {})}), []
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
