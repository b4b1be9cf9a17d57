"""``auth whoami``: the signed-in account, from the store; ``--online`` asks the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.document import (
    Document,
    account_document,
    ask_server,
    print_document,
    require_session,
    who,
)
from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE, Option
from keyturn.client.commands.text import host_of

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call

OPTIONS = (JSON, ACCOUNT, Option("--online", help="Ask the server, not the store."), VERBOSE)


def run(call: Call) -> int:
    """Name the account. Raises SignInRequired (exit 4) when nobody is signed in."""
    document: Document = {"issuer": call.auth.issuer}
    if call.auth.env_token_set():
        variable = call.auth.env_token_name()
        document |= {"source": "environment", "environment_variable": variable, "account": None}
        line = f"Whoever {variable} belongs to; `{call.typed('whoami --online')}` asks the server."
    else:
        session = require_session(call)
        document |= {"source": "store", "account": account_document(session)}
        line = who(session)
    if call.options.get("online"):
        live = document["server"] = ask_server(call)
        line = _online(live, host_of(call.auth.issuer)) or line
    print_document(call, document, [line])
    return 0


def _online(live: Document | None, host: str) -> str | None:
    """Return whom the server named, if it named anybody."""
    for claim in ("email", "preferred_username", "name", "sub"):
        value = live and live.get(claim)
        if isinstance(value, str) and value.strip():
            return f"{value} ({host})"
    return None
