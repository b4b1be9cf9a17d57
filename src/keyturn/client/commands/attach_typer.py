"""Hangs the commands into a program built with Typer, without loading Typer before it is asked.

Typer's newer versions carry a Click of their own, into which the real Click's groups do not fit; so
these are Typer's own commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.hooks import Hooks
from keyturn.protocol.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Bundle, Document
    from keyturn.client.session import LogoutOutcome


def attach_typer(
    app: typer.Typer,
    auth: Auth,
    *,
    name: str = "auth",
    fetch_live: Callable[[Bundle], Document] | None = None,
    render_text: Callable[[Document], str] | None = None,
    render_json: Callable[[Document], Document] | None = None,
    on_not_signed_in: Callable[[], object] | None = None,
    on_signed_out: Callable[[LogoutOutcome], object] | None = None,
) -> typer.Typer:
    """Add ``auth login``, ``auth status`` and the others to ``app``; return the app of ``auth``.

    Typer's tracebacks then show no local variables, which older versions of it do by default: a
    token may be among them.

    Args:
        app: The program's Typer.
        auth: The program's sign-in.
        name: What the group of commands is called.
        fetch_live: See Hooks, as for the rest.
        render_text: Text for ``status`` and ``whoami`` from their document.
        render_json: Another document for them.
        on_not_signed_in: Told when nobody is signed in.
        on_signed_out: Told of each account that was signed out.

    Raises:
        MissingExtra: Typer is not installed.
    """
    try:
        from keyturn.client.commands.typer_group import add_group
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        raise MissingExtra("typer", needed_for="attach_typer") from None
    hooks = Hooks(
        fetch_live=fetch_live,
        render_text=render_text,
        render_json=render_json,
        on_not_signed_in=on_not_signed_in,
        on_signed_out=on_signed_out,
    )
    return add_group(app, name, auth, hooks)
