"""The group ``auth`` for Click, made from the table of commands.

Lazy: a command's module is loaded when that command is typed or helped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from keyturn.client.commands.quick import run_typed
from keyturn.client.commands.table import COMMANDS, Option, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Hooks


def add_group(cli: click.Group, name: str, auth: Auth, hooks: Hooks | None) -> click.Group:
    """Add the group called ``name`` to ``cli``; return it."""
    group = AuthGroup(name, auth, hooks)
    cli.add_command(group)
    return group


class AuthGroup(click.Group):
    """The group ``auth``, whose commands come from the table."""

    def __init__(self, name: str, auth: Auth, hooks: Hooks | None) -> None:
        super().__init__(name, help="Sign in and out, and see who is signed in.")
        self._auth = auth
        self._hooks = hooks

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the table's order, then any that the program added."""
        return [*COMMANDS, *(name for name in self.commands if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, made when it is asked for."""
        if cmd_name in self.commands or cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command = click.Command(
            cmd_name,
            help=COMMANDS[cmd_name],
            params=[_parameter(option) for option in load(cmd_name).OPTIONS],
            callback=self._callback(cmd_name),
        )
        self.commands[cmd_name] = command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, remembering whether a usage error is wanted as JSON."""
        ctx.meta[__name__] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; report a usage error as Click does, or as one JSON line."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            from keyturn.client.commands.errors import EXIT_USAGE, show
            from keyturn.client.commands.output import Console

            console = Console(as_json=ctx.meta.get(__name__, False))
            if not console.json_errors:
                raise
            where = error.ctx.command_path if error.ctx else ctx.command_path
            show(console, "USAGE", error.format_message(), f"Run `{where} --help`.")
            ctx.exit(EXIT_USAGE)

    def _callback(self, command: str) -> Callable[..., None]:
        def callback(**options: Any) -> None:
            group = self.name or "auth"
            status = run_typed(self._auth, command, options, group=group, hooks=self._hooks)
            click.get_current_context().exit(status)

        return callback


def _parameter(option: Option) -> click.Parameter:
    if option.is_argument:
        return click.Argument([option.dest], metavar=option.metavar)
    names = [option.dest, *option.flags]
    if option.kind == "switch":
        return click.Option(names, is_flag=True, help=option.help)
    kind = click.Choice(option.choices) if option.choices else _KINDS[option.kind]
    return click.Option(names, type=kind, metavar=option.metavar, help=option.help)


_KINDS = {"text": click.STRING, "number": click.INT}
