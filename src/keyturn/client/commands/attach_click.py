"""Hangs the commands into a program built with Click, without loading Click before it is asked."""

from keyturn.client.commands.group import load_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack

    import click

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import HookFunctions


def attach_click(
    cli: "click.Group", auth: "Auth", *, name: str = "auth", **hooks: "Unpack[HookFunctions]"
) -> "click.Group":
    """Add ``auth login``, ``auth status`` and the others to ``cli``; return the group ``auth``.

    Args:
        cli: The program's group.
        auth: The program's sign-in.
        name: What the group of commands is called.
        **hooks: Functions of the program's own: ``fetch_live``, ``render_text``, ``render_json``,
            ``on_not_signed_in``, ``on_signed_out``, ``revoke``; see Hooks.

    Raises:
        MissingExtra: Click is not installed.
    """
    group: click.Group = load_group("click", cli, name, auth, hooks)
    return group
