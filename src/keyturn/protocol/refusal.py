"""Telling people why a server said no, without repeating its body: bodies may hold secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.protocol.display import printable
from keyturn.protocol.errors import ExchangeFailed, ServerUnreachable
from keyturn.protocol.retry import is_temporary

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply


def error_code(reply: Reply) -> str | None:
    """Return what the server calls its refusal, or ``None``.

    That is ``error`` of an OAuth answer (RFC 6749 section 5.2), or the known-error code of the
    Stack-compatible API.
    """
    known = reply.headers.get("x-stack-known-error")
    if known:
        return printable(known, limit=80)
    body = reply.json_object_or_none() or {}
    code = body.get("error", body.get("code"))
    return printable(code, limit=80) if isinstance(code, str) and code else None


def error_text(reply: Reply) -> str | None:
    """Return the server's own sentence (``error_description``), fit to print, or ``None``."""
    text = (reply.json_object_or_none() or {}).get("error_description")
    return (printable(text, limit=120) or None) if isinstance(text, str) else None


def refused(reply: Reply) -> ExchangeFailed | ServerUnreachable:
    """Describe an answer that ends a sign-in: a refusal, or trouble that may pass."""
    code = error_code(reply)
    named = f"HTTP {reply.status}" + (f", {code}" if code else "")
    if is_temporary(reply.status):
        return ServerUnreachable(f"The sign-in server is not able to answer now ({named}).")
    return ExchangeFailed(f"The sign-in server refused this sign-in ({named}).")
