"""The shortest way to a valid stored token: what every run of a program pays for.

It answers only when nothing is out of the ordinary and returns ``None`` otherwise; the long way
(``keyturn.client.runtime``) then decides, with every check and every message. So there is one
truth, and this module must only ever agree with it.

Nothing here imports what costs more than the whole job: no json (its package imports re), no
dataclasses, typing, pathlib or logging. ``_json`` is the C half of the json module.
"""

import os

from keyturn.client.paths import ACCOUNT_FILE, session_file
from keyturn.client.private import read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from keyturn.client.config import Config

SCHEMA = 1


def environment_token(config: "Config") -> str | None:
    """Return the token that ``<APP>_TOKEN`` holds, or ``None``; white space is no token."""
    return config.variable("TOKEN") or None


def valid_token(config: "Config", account: str | None, now: float) -> str | None:
    """Return a token that can be used now, or ``None`` when the long way has to decide.

    Raises:
        StoreReadFailed: as ``read_private`` does.
    """
    token = environment_token(config)
    if token is not None:
        return token
    record = _record(config, account or named_account(config))
    if record is None:
        return None
    token, refresh_at = record.get("access_token"), record.get("refresh_at", 0)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return None
    if not token or " " in token:
        return None
    if refresh_at is None or (type(refresh_at) in (int, float) and now < refresh_at):
        return token
    return None


def has_record(config: "Config") -> bool | None:
    """Say whether any session is stored; ``None`` when the long way has to decide."""
    content = read_private(session_file(config))
    if content is None:
        return False
    try:
        document = parse(content.decode())
        if document["schema"] != SCHEMA:
            return None
        return bool(document["clients"].get(config.client_key, {}).get("accounts"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def named_account(config: "Config") -> str | None:
    """Return the account that ``<APP>_ACCOUNT`` or the nearest ``.keyturn-account`` asks for."""
    named = config.variable("ACCOUNT")
    if named:
        return named
    try:
        directory = os.getcwd()
    except OSError:
        return None
    while True:
        named = _first_line(os.path.join(directory, ACCOUNT_FILE))
        parent = os.path.dirname(directory)
        if named or parent == directory:
            return named or None
        directory = parent


def answers_to(account: "dict[str, Any]", reference: str) -> bool:
    """Say whether ``reference`` is the email (in any case) or the label of ``account``."""
    email = account.get("email")
    if isinstance(email, str) and email.casefold() == reference.casefold():
        return True
    return account.get("label") == reference


def parse(text: str) -> "Any":
    """Return the JSON value that ``text`` is.

    Raises:
        ValueError, RecursionError: it is none.
    """
    try:
        from _json import make_scanner
    except ImportError:  # Only CPython has the C half on its own.
        from json import loads

        return loads(text)
    try:
        value, end = make_scanner(_Rules)(text, 0)  # type: ignore[arg-type,unused-ignore]
    except StopIteration:
        raise ValueError("no JSON value") from None
    if text[end:].strip():
        raise ValueError("more than one JSON value")
    return value


class _Rules:
    """What the scanner asks of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> float:
        raise ValueError(f"{name} is not JSON")


def _record(config: "Config", reference: str | None) -> "dict[str, Any] | None":
    content = read_private(session_file(config))
    if content is None:
        return None
    try:
        document = parse(content.decode())
        if document["schema"] != SCHEMA:
            return None
        client = document["clients"][config.client_key]
        accounts, default = client["accounts"], client.get("default")
        if reference is None:
            reference = (
                default if default is not None or len(accounts) != 1 else next(iter(accounts))
            )
        record = accounts[reference]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record  # type: ignore[no-any-return]


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
        return (
            os.read(descriptor, 1024).decode("utf-8", "replace").strip().partition("\n")[0].strip()
        )
    except OSError:
        return ""
    finally:
        os.close(descriptor)
