"""Where a program's sessions are kept. The names are frozen: programs and backups rely on them.

On the hot path: string work only.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.client.config import Config

SESSION_FILE = "session.json"
STORE_LOCK = "store.lock"
ACCOUNT_FILE = ".keyturn-account"


def home(config: "Config") -> str:
    """Return the directory of this program's sessions: ``home=``, else its state directory."""
    if config.home:
        return os.path.abspath(config.home)
    return state_directory(config.name, config.environ)


def state_directory(name: str, environ: "Mapping[str, str]" = os.environ) -> str:
    """Return where the program called ``name`` keeps its state.

    ``<APP>_HOME`` wins over the platform's state directory.
    """
    chosen = environ.get(variable_prefix(name) + "_HOME", "").strip()
    return os.path.abspath(chosen) if chosen else os.path.join(_platform_state(environ), name)


def variable_prefix(name: str) -> str:
    """Return what a program's environment variables begin with: ``ACME_CLI`` for ``acme-cli``."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name.upper())


def session_file(config: "Config") -> str:
    """Return the one file that holds all records."""
    return os.path.join(home(config), SESSION_FILE)


def store_lock(home: str) -> str:
    """Return the file whose lock is held over read-modify-rename."""
    return os.path.join(home, STORE_LOCK)


def refresh_lock(home: str, credential: str) -> str:
    """Return the file whose lock is held over a grant for one credential."""
    return os.path.join(home, f"refresh-{credential}.lock")


def _platform_state(environ: "Mapping[str, str]") -> str:
    user = environ.get("HOME") or os.path.expanduser("~")
    if sys.platform == "win32":
        return environ.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local")
    if sys.platform == "darwin":
        return os.path.join(user, "Library", "Application Support")
    # XDG base directories: relative values are invalid and ignored.
    xdg = environ.get("XDG_STATE_HOME", "")
    return xdg if os.path.isabs(xdg) else os.path.join(user, ".local", "state")
