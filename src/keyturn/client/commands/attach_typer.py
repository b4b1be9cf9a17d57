"""Hangs the commands into a program built with Typer, without loading Typer before it is asked.

Typer's newer versions carry a Click of their own, into which the real Click's groups do not fit; so
these are Typer's own commands.
"""

from keyturn.client.commands.group import load_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack

    import typer

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import HookFunctions


def attach_typer(
    app: "typer.Typer", auth: "Auth", *, name: str = "auth", **hooks: "Unpack[HookFunctions]"
) -> "typer.Typer":
    """Add ``auth login``, ``auth status`` and the others to ``app``; return the app of ``auth``.

    Typer's tracebacks then show no local variables, which older versions of it do by default: a
    token may be among them.

    Args:
        app: The program's Typer.
        auth: The program's sign-in.
        name: What the group of commands is called.
        **hooks: Functions of the program's own: ``fetch_live``, ``render_text``, ``render_json``,
            ``on_not_signed_in``, ``on_signed_out``, ``revoke``; see Hooks.

    Raises:
        MissingExtra: Typer is not installed.
    """
    group: typer.Typer = load_group("typer", app, name, auth, hooks)
    return group
