"""Sign-in for the authors of command-line programs; here, the shortest way to a valid stored token.

Every run of a program pays for this. It answers only when nothing is out of the ordinary and
returns ``None`` otherwise; the long way (``keyturn.client.runtime``) then decides, with every check
and every message. So there is one truth, and this must only ever agree with it.

It is the package's own file on purpose: Python loads that in any case, and each further file costs
a hundredth of Python's own start. Nothing here imports what costs more than the whole job: no json
(its package imports re, and loading its C half takes longer than reading our own few hundred
bytes), no dataclasses, typing, pathlib or logging.
"""

import os
import sys
from time import time  # noqa: TID251 - see ``now`` below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class Program(Protocol):
        """What identifies a program and its sessions: an Auth, or a Config."""

        name: str
        issuer: str
        client_id: str
        home: str | None


now = time
"""Epoch seconds. Read here and in ``clock``, since a file of its own costs as much as the check."""

SCHEMA = 1
SESSION_FILE = "session.json"
ACCOUNT_FILE = ".keyturn-account"
REGISTERED = "(registered)"  # The client id, in the file, of programs that servers make clients of.
_MOST_BYTES = 64 * 1024
_MOST_DIGITS = 300  # More may be more than a float can hold.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
# The kinds that members have to be of, where they are there; see stores/records.py.
_TEXT, _COUNT, _TIME = (str,), (int,), (int, float)
_ACCOUNT = {"id": _TEXT, "email": _TEXT, "label": _TEXT}
_ENDPOINTS = dict.fromkeys(("token", "revocation", "userinfo", "ack", "sessions_page"), _TEXT)
_KINDS = {
    **dict.fromkeys(("refresh_token", "token_type", "scope", "session_id", "storage"), _TEXT),
    **dict.fromkeys(("slot", "fingerprint", "client_id"), _TEXT),
    **dict.fromkeys(("issued_at", "expires_at", "session_ends_at"), _TIME),
    **dict.fromkeys(("generation", "revision"), _COUNT),
}
_NAME = (str, type(None))


def variable(name: str, suffix: str) -> str:
    """Return what a program's variable ``ACME_<suffix>`` holds, trimmed; empty: not set."""
    return os.environ.get(f"{variable_prefix(name)}_{suffix}", "").strip()


def variable_prefix(name: str) -> str:
    """Return what a program's environment variables begin with: ``ACME_CLI`` for ``acme-cli``."""
    return "".join([c if c.isascii() and c.isalnum() else "_" for c in name.upper()])


def home(program: "Program") -> str:
    """Return the directory of a program's sessions: ``home=``, else its state directory."""
    return os.path.abspath(program.home) if program.home else state_directory(program.name)


def state_directory(name: str) -> str:
    """Return ``<APP>_HOME``, else the place that the platform gives a program called ``name``."""
    chosen = variable(name, "HOME")
    if chosen:
        return os.path.abspath(chosen)
    user = os.environ.get("HOME") or os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(user, "Library", "Application Support")
    else:
        # XDG base directories: relative values are invalid and ignored.
        base = os.environ.get("XDG_STATE_HOME", "")
        base = base if base.startswith("/") else os.path.join(user, ".local", "state")
    return os.path.join(base, name)


def client_key(program: "Program") -> str:
    """Return what keeps a client's sessions at its issuer apart from all others in one file."""
    return f"{program.issuer} {program.client_id}"


def environment_token(program: "Program") -> str | None:
    """Return the token that ``<APP>_TOKEN`` holds, or ``None``; white space is no token."""
    return variable(program.name, "TOKEN") or None


def valid_token(program: "Program", account: str | None, now: float) -> str | None:
    """Return a token that can be used now, or ``None`` when the long way has to decide.

    Args:
        program: Whose session.
        account: An id, email or label; the usual account where left out.
        now: Epoch seconds.
    """
    given = environment_token(program)
    if given is not None:
        return given
    try:
        client = _document(program)["clients"][client_key(program)]
        accounts = client["accounts"]
        chosen = _chosen(accounts, client["default"], account or named_account(program))
        record = accounts[chosen]
        _require_sound(record)
        refresh_at, ends = record["refresh_at"], record["expires_at"]
        lasting = refresh_at is None and ends is None
        if record["account"]["id"] != chosen or not (lasting or (now < refresh_at and now < ends)):
            return None
        token: str = record["access_token"]
        if token is None:
            from keyturn.client.hot_keyring import sealed_token

            found = sealed_token(program.name, record["slot"], record["fingerprint"])
            token = "" if found is None else found
        return token if token and token.isascii() and " " not in token else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def has_record(program: "Program") -> bool | None:
    """Say whether any session is stored; ``None`` when the long way has to decide."""
    try:
        client = _document(program)["clients"].get(client_key(program))
        return client is not None and bool(client["accounts"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def named_account(program: "Program") -> str | None:
    """Return the account that ``<APP>_ACCOUNT`` or the nearest ``.keyturn-account`` asks for."""
    named = variable(program.name, "ACCOUNT")
    try:
        directory = os.getcwd()
    except OSError:
        return named or None
    while not named:
        path = os.path.join(directory, ACCOUNT_FILE)
        if os.access(path, os.F_OK):  # An exception for every directory above would take longer.
            named = _first_line(path)
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return named or None


def answers_to(account: "Mapping[str, Any]", reference: str) -> bool:
    """Say whether ``reference`` is the email (in any case) or the label of ``account``."""
    email = account["email"]
    if email is not None and email.casefold() == reference.casefold():
        return True
    return bool(account["label"] == reference)


def parse(text: str) -> "Any":
    """Return the value that ``text`` is, in the plainest of JSON: as the store itself writes it.

    Objects, strings without escapes, positive numbers and the three words; nothing between them.

    Raises:
        ValueError, IndexError, RecursionError: it is something else, JSON or not.
    """
    value, end = _value(text, 0)
    if end != len(text) or not text.isprintable() or "\\" in text:
        raise ValueError
    return value


def _value(text: str, at: int) -> "tuple[Any, int]":
    first = text[at]
    if first == '"':
        end = text.index('"', at + 1)
        return text[at + 1 : end], end + 1
    if first == "{":
        return _object(text, at + 1)
    for word, value in (("null", None), ("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    end = at
    while text[end] in "0123456789.":
        end += 1
    whole, dot, fraction = text[at:end].partition(".")
    if (
        not whole
        or end - at > _MOST_DIGITS
        or (whole[0] == "0" and whole != "0")
        or (dot and not fraction.isdecimal())
    ):
        raise ValueError
    return (float if dot else int)(text[at:end]), end


def _object(text: str, at: int) -> "tuple[dict[str, Any], int]":
    members: dict[str, Any] = {}
    if text[at] == "}":
        return members, at + 1
    while True:
        end = text.index('"', at + 1)
        if text[at] != '"' or text[end + 1] != ":":
            raise ValueError
        members[text[at + 1 : end]], at = _value(text, end + 2)
        at += 1
        if text[at - 1] == "}":
            return members, at
        if text[at - 1] != ",":
            raise ValueError


def _document(program: "Program") -> "Any":
    if getattr(program, "store", None) is not None:
        raise ValueError  # The program brings its own; only the long way knows how to ask it.
    directory = home(program)
    descriptor = os.open(os.path.join(directory, SESSION_FILE), _FLAGS)
    try:
        if os.name == "posix" and not _is_private(os.fstat(descriptor), os.stat(directory)):
            raise ValueError
        content = os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)
    document = parse(content.decode())
    if document["schema"] != SCHEMA or type(document.get("revision", 0)) is not int:
        raise ValueError
    for client in document["clients"].values():
        if type(client.get("accounts", {})) is not dict or type(client.get("default")) not in _NAME:
            raise ValueError
    return document


def _require_sound(record: "dict[str, Any]") -> None:
    """Raise ValueError where ``stores.records`` would say that a record makes no sense."""
    account: dict[str, Any] = record["account"]
    endpoints: Any = record.get("endpoints")
    parts: list[tuple[dict[str, Any], dict[str, Any]]] = [(record, _KINDS), (account, _ACCOUNT)]
    if type(endpoints) is dict and "token" in endpoints:
        parts.append((endpoints, _ENDPOINTS))
    for part, kinds in parts:
        for name, kind in kinds.items():
            if part.get(name) is not None and type(part[name]) not in kind:
                raise ValueError
    refresh_token = record.get("refresh_token") or "-"
    sealed = record.get("slot") is not None
    if (
        not account["id"]
        or (len(parts) > 2 and not endpoints["token"])
        or (sealed and not (record["slot"] and record["fingerprint"]))
        or (record.get("refresh_token") == "" or not refresh_token.isascii())
        or " " in refresh_token
    ):
        raise ValueError


def _is_private(file: os.stat_result, directory: os.stat_result) -> bool:
    """Say whether ``keyturn.client.private`` has nothing to object to, of which it says more."""
    user = os.geteuid()
    return (
        file.st_mode & 0o170077 == 0o100000  # A regular file, and nothing for group and others.
        and file.st_uid == user
        and file.st_nlink == 1
        and directory.st_uid in (user, 0)
        and not directory.st_mode & 0o022
    )


def _chosen(accounts: "dict[str, Any]", default: "Any", reference: str | None) -> "Any":
    """Return the id that ``stores.accounts.pick`` would, or one that is not there."""
    if reference is None:
        return next(iter(accounts)) if len(accounts) == 1 else default
    if reference in accounts:
        return reference
    named = [id_ for id_, record in accounts.items() if answers_to(record["account"], reference)]
    return named[0] if len(named) == 1 else None


def _first_line(path: str) -> str:
    """Return the first line of a file of this user's own (or root's); empty for any other."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    try:
        # In a shared directory somebody else could pick one of this user's accounts for them.
        if os.name == "posix" and os.fstat(descriptor).st_uid not in (os.geteuid(), 0):
            return ""
        text = os.read(descriptor, 1024).decode("utf-8", "replace")
        return text.strip().partition("\n")[0].strip()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
