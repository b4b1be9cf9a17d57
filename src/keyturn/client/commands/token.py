"""``auth token``: the bare access token, for scripts and for other programs.

The fastest of the commands, because it runs the most often: it imports nothing beyond the core.
"""

from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyturn.client.commands.run import Call

OPTIONS = (JSON, ACCOUNT, VERBOSE)


def run(call: "Call") -> int:
    """Print a valid access token, renewed first where it is due.

    Raises:
        TokenFromEnv: ``<APP>_TOKEN`` rules; whoever set it has it, and a log has no need of it.
        SignInRequired, SessionExpired, ServerUnreachable, RefreshTransient: as ``Auth.token``.
    """
    auth = call.auth
    if auth.env_token_set():
        from keyturn.protocol.errors import TokenFromEnv

        name = auth.env_token_name()
        raise TokenFromEnv(f"{name} is set and rules; it is not printed back.")
    token = auth.token(account=call.account)
    if call.console.as_json:
        _print_document(call, token)
    else:
        call.console.secret(token)
    return 0


def _print_document(call: "Call", token: str) -> None:
    from keyturn.client.commands.text import iso

    session = call.auth.session(account=call.account)
    expires_at = iso(session.expires_at) if session else None
    call.console.document({"access_token": token, "token_type": "Bearer", "expires_at": expires_at})
