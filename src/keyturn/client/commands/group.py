"""Loads what makes the commands for a framework that may not be installed."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import HookFunctions


def load_group(
    framework: "Literal['click', 'typer']",
    program: "Any",
    name: str,
    auth: "Auth",
    hooks: "HookFunctions",
) -> "Any":
    """Add the group called ``name`` to a Click group or a Typer; return the group.

    Raises:
        MissingExtra: the framework is not installed.
    """
    made = None
    if hooks:
        from keyturn.client.commands.hooks import Hooks

        made = Hooks(**hooks)
    try:
        module = __import__(f"keyturn.client.commands.{framework}_group", fromlist=["add_group"])
    except ModuleNotFoundError as error:
        if error.name != framework:
            raise
        from keyturn.protocol.errors import MissingExtra

        raise MissingExtra(framework, needed_for=f"attach_{framework}") from None
    return module.add_group(program, name, auth, made)
