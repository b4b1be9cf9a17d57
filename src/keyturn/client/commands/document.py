"""What the commands say of a session, as a JSON document and in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from keyturn.client.commands.hooks import Bundle, call_hook
from keyturn.client.commands.text import host_of, iso, short_path
from keyturn.protocol.errors import SignInRequired

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.commands.run import Call
    from keyturn.client.session import SessionInfo

Document = dict[str, Any]
T = TypeVar("T")


def account_document(session: SessionInfo) -> Document:
    """Return the account alone: ``id``, and ``email`` and ``label``, null where unknown."""
    return {"id": session.account_id, "email": session.email, "label": session.label}


def session_document(session: SessionInfo) -> Document:
    """Return a stored session without its secrets; instants are RFC 3339 in UTC, or null."""
    return {
        "signed_in": True,
        "account": account_document(session),
        "issuer": session.issuer,
        "storage": session.storage,
        "storage_path": session.storage_path,
        "expires_at": iso(session.expires_at),
        "session_ends_at": iso(session.session_ends_at),
        "renews_by_itself": session.has_refresh_token,
        "default": session.is_default,
        "anonymous": session.is_anonymous,
    }


def who(session: SessionInfo) -> str:
    """Return whom a session belongs to and where: ``ada@example.com (id.acme.dev)``."""
    return f"{session.display_name} ({session.issuer_host})"


def ended(session: SessionInfo, now: float) -> bool:
    """Say whether a session is of no use any more, as far as can be told without the server."""
    if session.has_refresh_token:
        return session.session_ends_at is not None and session.session_ends_at <= now
    return session.expires_at is not None and session.expires_at <= now


def kept_in(session: SessionInfo) -> str:
    """Return where the session lies, for the line of ``login``: ``the system keyring``."""
    if session.storage == "keyring":
        return "the system keyring"
    return "memory only" if session.storage == "memory" else short_path(session.storage_path)


def require_session(call: Call) -> SessionInfo:
    """Return the stored session the command is about.

    Raises:
        SignInRequired: there is none.
    """
    session = call.auth.session(account=call.account)
    if session is None:
        raise SignInRequired(f"You are not signed in to {host_of(call.auth.issuer)}.")
    return session


def ask_server(call: Call) -> Document | None:
    """Return what the program's API, else the sign-in server, says of this session now."""
    if call.hooks and call.hooks.fetch_live:
        stored = None if call.auth.env_token_set() else call.auth.session(account=call.account)
        bundle = Bundle(call.auth.token(account=call.account), stored)
        return _document_from(call, call.hooks.fetch_live, bundle)
    return call.auth.userinfo(account=call.account)


def print_document(call: Call, document: Document, lines: list[str]) -> None:
    """Print an answer: the document under ``--json``, else its lines, each by the hook if any."""
    hooks = call.hooks
    if call.console.as_json:
        rendered = hooks and hooks.render_json and _document_from(call, hooks.render_json, document)
        call.console.document(rendered or document)
        return
    text = hooks and hooks.render_text and call_hook(call.console, hooks.render_text, document)
    for line in text.splitlines() if isinstance(text, str) and text else lines:
        call.console.answer(line)


def _document_from(call: Call, hook: Callable[[T], Document], given: T) -> Document | None:
    """Return the document a hook makes of ``given``; ``None`` where it failed or made none."""
    found = call_hook(call.console, hook, given)
    if found is None or _is_document(found):
        return found
    name = getattr(hook, "__name__", "a hook")
    call.console.mark("warn", f"{name} of this program returned no JSON document.")
    return None


def _is_document(found: object) -> bool:
    try:
        json.dumps(found)
    except (TypeError, ValueError, RecursionError):
        return False
    return isinstance(found, dict)
