"""``auth refresh``: renew the session now, due or not. It prints when it ends, never a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.document import session_document, who
from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE
from keyturn.client.commands.text import span
from keyturn.protocol.errors import SignInRequired, TokenFromEnv

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call
    from keyturn.client.session import SessionInfo

OPTIONS = (JSON, ACCOUNT, VERBOSE)


def run(call: Call) -> int:
    """Send one refresh grant and tell the new expiry.

    Raises:
        TokenFromEnv: nothing is stored, and the token in ``<APP>_TOKEN`` is not ours to renew.
        SignInRequired, SessionExpired, RefreshUnavailable, ServerUnreachable, RefreshTransient:
            as ``Auth.refresh``.
    """
    shadow = call.auth.env_token_name() if call.auth.env_token_set() else None
    try:
        session = call.auth.refresh(account=call.account)
    except SignInRequired as error:
        if shadow and error.reason == "not_signed_in":
            message = f"{shadow} is set in the environment, and cannot be renewed from here."
            raise TokenFromEnv(message) from None
        raise
    if call.console.as_json:
        call.console.document(session_document(session) | {"environment_variable": shadow})
        return 0
    call.console.answer(f"Renewed the session of {who(session)}. {_expiry(session, call.now)}")
    if shadow:
        call.console.mark("warn", f"{shadow} is set in the environment and is used instead.")
    return 0


def _expiry(session: SessionInfo, now: float) -> str:
    if session.expires_at is None:
        return "The server did not say how long the access token is valid."
    return f"The access token is valid for {span(session.expires_at - now)}."
