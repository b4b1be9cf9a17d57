"""The answer to ``auth token`` when nothing is out of the ordinary, and the way to all the rest.

It runs the most often of all commands, so it gets by without the console, the errors and the rest.
Where anything is unusual it does nothing, and the long way says what it is.
"""

import sys

from keyturn.client import environment_token, now, valid_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from keyturn.client.auth import Auth
    from keyturn.client.commands.hooks import Hooks

_WELCOME = ("account", "profile")  # every other option asks for more than the bare token


def print_token_if_asked(
    auth: "Auth", argv: "Sequence[str] | None" = None, *, group: str = "auth"
) -> bool:
    """Print the token where ``acme auth token`` was typed, word for word; say whether it was.

    For the first line of ``main``: other programs ask for a token often, and this answers before
    a parser is built. Where more was typed, or anything is out of the ordinary, nothing happens
    and the parser decides as if this had not been called. Raises nothing.

    Args:
        auth: The program's sign-in.
        argv: What was typed after the program's name; ``sys.argv[1:]`` where left out.
        group: What the group of commands is called.
    """
    typed = sys.argv[1:] if argv is None else list(argv)
    return typed == [group, "token"] and answered(auth, "token", {})


def answered(auth: "Auth", command: str, options: "Mapping[str, str | None]") -> bool:
    """Print the token and say True; or leave everything as it is and say False."""
    if command != "token" or any(options[name] for name in options if name not in _WELCOME):
        return False
    if environment_token(auth) is not None:
        return False
    token = valid_token(auth, options.get("account"), now())
    if token is None or not token.isprintable():
        return False
    try:
        sys.stdout.write(token + "\n" if sys.stdout.isatty() else token)
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # closed, full, or nobody reads
        return False
    return True


def run_typed(
    auth: "Auth",
    command: str,
    options: "Mapping[str, Any]",
    *,
    group: str,
    hooks: "Hooks | None",
) -> int:
    """Run one command as it was typed, the shortest way; return its exit status."""
    if answered(auth, command, options):
        return 0
    from keyturn.client.commands.output import Console
    from keyturn.client.commands.run import Call, run_command

    console = Console(as_json=bool(options.get("json")))
    return run_command(command, Call(auth, console, options, hooks=hooks, group=group))
