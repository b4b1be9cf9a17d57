"""Hangs the commands into a program built with Click, without loading Click before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.hooks import Hooks
from keyturn.protocol.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Bundle, Document
    from keyturn.client.session import LogoutOutcome


def attach_click(
    cli: click.Group,
    auth: Auth,
    *,
    name: str = "auth",
    fetch_live: Callable[[Bundle], Document] | None = None,
    render_text: Callable[[Document], str] | None = None,
    render_json: Callable[[Document], Document] | None = None,
    on_not_signed_in: Callable[[], object] | None = None,
    on_signed_out: Callable[[LogoutOutcome], object] | None = None,
) -> click.Group:
    """Add ``auth login``, ``auth status`` and the others to ``cli``; return the group ``auth``.

    Args:
        cli: The program's group.
        auth: The program's sign-in.
        name: What the group of commands is called.
        fetch_live: See Hooks, as for the rest.
        render_text: Text for ``status`` and ``whoami`` from their document.
        render_json: Another document for them.
        on_not_signed_in: Told when nobody is signed in.
        on_signed_out: Told of each account that was signed out.

    Raises:
        MissingExtra: Click is not installed.
    """
    try:
        from keyturn.client.commands.click_group import AuthGroup
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        raise MissingExtra("click", needed_for="attach_click") from None
    hooks = Hooks(
        fetch_live=fetch_live,
        render_text=render_text,
        render_json=render_json,
        on_not_signed_in=on_not_signed_in,
        on_signed_out=on_signed_out,
    )
    group = AuthGroup(name, auth, hooks)
    cli.add_command(group)
    return group
