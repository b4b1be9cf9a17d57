"""The answer to ``auth token`` when nothing is out of the ordinary.

It runs the most often of all commands, so it gets by without the console, the errors and the rest.
Where anything is unusual it does nothing, and the long way says what it is.
"""

import sys

from keyturn.client import environment_token, valid_token
from keyturn.client.clock import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.client.auth import Auth

_WELCOME = ("account", "profile")  # every other option asks for more than the bare token


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
