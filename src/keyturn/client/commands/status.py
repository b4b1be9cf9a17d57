"""``auth status``: who is signed in and for how long, read from the local store alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.document import (
    Document,
    ask_server,
    ended,
    print_document,
    require_session,
    session_document,
    who,
)
from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE, Option
from keyturn.client.commands.text import host_of, short_path, span
from keyturn.protocol.errors import SessionExpired, SignInRequired

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call
    from keyturn.client.session import SessionInfo

OPTIONS = (JSON, ACCOUNT, Option("--online", help="Ask the server as well."), VERBOSE)


def run(call: Call) -> int:
    """Show who is signed in. Raises SignInRequired (exit 4) when nobody is, and what rules."""
    if call.auth.env_token_set():
        return _from_environment(call)
    try:
        session = require_session(call)
        if ended(session, call.now):
            raise SessionExpired(f"The session for {who(session)} has ended.")
    except SignInRequired:
        if call.console.as_json:
            call.console.document({"signed_in": False, "issuer": call.auth.issuer})
        raise
    document = session_document(session) | {"source": "store"}
    lines = [f"Signed in as {who(session)}", *_details(session, call.now)]
    return _answer(call, document, lines)


def _from_environment(call: Call) -> int:
    variable = call.auth.env_token_name()
    session = call.auth.session(account=call.account)
    line = f"Using {variable} from the environment."
    if session:
        shadowed = f"The stored session for {session.display_name} is not used while it is set."
        line = f"{line} {shadowed}"
    document: Document = {
        "signed_in": True,
        "source": "environment",
        "environment_variable": variable,
        "issuer": call.auth.issuer,
        "shadowed": session and session_document(session),
    }
    return _answer(call, document, [line])


def _answer(call: Call, document: Document, lines: list[str]) -> int:
    if call.options.get("online"):
        document["server"] = ask_server(call)
        lines.append(_row("server", f"{host_of(call.auth.issuer)} accepted the session just now"))
    print_document(call, document, lines)
    return 0


def _details(session: SessionInfo, now: float) -> list[str]:
    lines = [_row("access token", _token_state(session, now))]
    if session.session_ends_at is not None and session.has_refresh_token:
        left = span(session.session_ends_at - now)
        lines.append(_row("session", f"ends in {left} if unused"))
    lines.append(_row("kept in", _places(session)))
    return lines


def _token_state(session: SessionInfo, now: float) -> str:
    renews = session.has_refresh_token
    if session.expires_at is None:
        return "valid until the server says otherwise" + (", renews by itself" if renews else "")
    if session.expires_at <= now:
        return "expired, renews by itself at the next use"
    return f"valid for {span(session.expires_at - now)}, " + (
        "renews by itself" if renews else "then sign in again"
    )


def _places(session: SessionInfo) -> str:
    if session.storage == "memory":
        return "memory only"
    file = short_path(session.storage_path)
    if session.storage != "keyring":
        return file
    strict = session.storage_policy == "keyring"
    return f"system keyring ({'both tokens' if strict else 'refresh token'}), {file}"


def _row(name: str, value: str) -> str:
    return f"  {name:<15}{value}"
