"""The group ``auth`` for Typer, made from the table of commands.

Lazy: a command's module is loaded when that command is typed or helped. Typer's newer versions
carry their own Click, the older ones use the real one; nothing here names either.
"""

from __future__ import annotations

import enum
import inspect
from typing import TYPE_CHECKING, Any, Optional

import typer
from typer.core import TyperGroup
from typer.main import get_command

from keyturn.client.commands.quick import run_typed
from keyturn.client.commands.table import COMMANDS, Option, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Hooks

_SUMMARY = "Sign in and out, and see who is signed in."
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]


def add_group(app: typer.Typer, name: str, auth: Auth, hooks: Hooks | None) -> typer.Typer:
    """Add the group called ``name`` to ``app``; return its Typer, which takes further commands."""

    def run_one(command: str, options: dict[str, Any]) -> int:
        return run_typed(auth, command, options, group=name, hooks=hooks)

    class AuthGroup(_LazyGroup):
        """Typer makes the group itself, so for whom it runs is told by its class."""

        run = staticmethod(run_one)

    group = typer.Typer(help=_SUMMARY, cls=AuthGroup)
    app.add_typer(group, name=name)
    # A program's crash must not print the token that one of its functions was holding.
    app.pretty_exceptions_show_locals = False
    return group


class _LazyGroup(TyperGroup):
    """A group whose commands come from the table.

    Attributes:
        run: Runs the command of a name with its options; returns the exit status.
    """

    run: Callable[[str, dict[str, Any]], int]

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the table's order, then any that the program added."""
        return [*COMMANDS, *(name for name in self.commands if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return one command, made when it is asked for."""
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            self.commands[cmd_name] = _command(cmd_name, self.run)
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, remembering whether a usage error is wanted as JSON."""
        ctx.meta[__name__] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; report a usage error as Typer does, or as one JSON line."""
        try:
            return super().invoke(ctx)
        except _USAGE_ERROR as error:
            from keyturn.client.commands.errors import EXIT_USAGE, show
            from keyturn.client.commands.output import Console

            console = Console(as_json=ctx.meta.get(__name__, False))
            if not console.json_errors:
                raise
            usage: Any = error
            where = usage.ctx.command_path if usage.ctx else ctx.command_path
            show(console, "USAGE", usage.format_message(), f"Run `{where} --help`.")
            raise typer.Exit(EXIT_USAGE) from None


def _command(name: str, run: Callable[[str, dict[str, Any]], int]) -> Any:
    """Return one command of the table as Typer builds it."""

    def callback(**options: Any) -> None:
        plain = {
            key: value.value if isinstance(value, enum.Enum) else value
            for key, value in options.items()
        }
        raise typer.Exit(run(name, plain))

    parameters = [_parameter(option) for option in load(name).OPTIONS]
    # Typer reads a command's parameters off its function; this one's are the table's.
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {each.name: each.annotation for each in parameters}
    single = typer.Typer(add_completion=False)
    single.command(name, help=COMMANDS[name])(callback)
    return get_command(single)


def _parameter(option: Option) -> inspect.Parameter:
    default: Any
    kind: Any
    if option.is_argument:
        kind = str
        default = typer.Argument(..., metavar=option.metavar, help=option.help, show_default=False)
    elif option.kind == "switch":
        kind = bool
        default = typer.Option(False, *option.flags, help=option.help, show_default=False)
    else:
        kind = Optional[_value(option)]  # noqa: UP045 - Typer 0.12 does not know ``int | None``
        default = typer.Option(
            None,
            *option.flags,
            help=option.help,
            metavar=option.metavar,
            show_default=False,
        )
    place = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(option.dest, place, default=default, annotation=kind)


def _value(option: Option) -> Any:
    if option.choices:
        return enum.Enum(option.dest, {choice: choice for choice in option.choices})
    return int if option.kind == "number" else str
