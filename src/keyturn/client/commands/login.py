"""``auth login``: sign a person in, through the browser unless a token is handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.document import account_document, ended, kept_in, who
from keyturn.client.commands.errors import CommandUsage, hint_of
from keyturn.client.commands.login_talk import EventLines, Narrator
from keyturn.client.commands.table import VERBOSE, Option
from keyturn.client.commands.text import clause
from keyturn.protocol.errors import KeyturnError

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call
    from keyturn.client.login.base import LoginOutcome

OPTIONS = (
    Option("--json", help="Print events, one JSON document per line, on stdout."),
    Option("--no-browser", help="Start no browser here; show where to go instead."),
    Option("--device", help="Sign in with a browser on any other device."),
    Option("--with-token", help="Read an access token from stdin instead of signing in."),
    Option("--port", metavar="PORT", kind="number", help="Where the browser comes back to."),
    Option("--scope", metavar="SCOPE", help="What to ask for, separated by spaces."),
    Option("--storage", choices=("auto", "keyring", "file"), help="Where to keep the session."),
    Option("--force", help="Sign in anew, even as somebody else."),
    VERBOSE,
)
_LONGEST_TOKEN = 64 * 1024


def run(call: Call) -> int:
    """Sign in and say who is signed in now; a live session is left alone unless it is to go.

    Under ``--json`` every ending is an event as well: ``signed_in`` or ``failed``.
    """
    _check(call)
    try:
        return _sign_in(call)
    except KeyboardInterrupt:
        if call.console.as_json:
            _failed(call, "INTERRUPTED", "The sign-in was interrupted; nothing was changed.", None)
        else:
            call.console.talk("Stopped. Nothing was changed.")
        raise
    except KeyturnError as error:
        if call.console.as_json:
            hint = hint_of(error, program=call.auth.program, group=call.group, suffix=call.suffix)
            _failed(call, error.code, str(error), hint)
        raise


def _sign_in(call: Call) -> int:
    options = call.options
    if options.get("with_token"):
        _finish(call, call.auth.login_with_token(_token_from_stdin(call)), None)
        return 0
    force = bool(options.get("force"))
    if not force and call.console.interactive:
        live = _live_session(call)
        if live and not call.console.ask(f"You are signed in as {live}. Sign in again?"):
            return 0
        force = live is not None
    listener = EventLines(call) if call.console.as_json else Narrator(call)
    outcome = call.auth.login(
        method="device" if options.get("device") else "auto",
        open_browser=not options.get("no_browser"),
        scope=options.get("scope"),
        port=options.get("port") or 0,
        force=force,
        storage=options.get("storage"),
        on_event=listener,
    )
    _finish(call, outcome, listener.method)
    return 0


def _check(call: Call) -> None:
    port = call.options.get("port")
    if port is not None and not 0 < port < 65536:
        raise CommandUsage(f"--port is a number from 1 to 65535, not {port}.")
    if call.options.get("with_token") and call.options.get("device"):
        raise CommandUsage("Give either --with-token or --device.")


def _live_session(call: Call) -> str | None:
    """Return who is signed in, for the question; an unreadable store is the sign-in's business."""
    try:
        session = call.auth.session()
    except KeyturnError:
        return None
    return who(session) if session and not ended(session, call.now) else None


def _token_from_stdin(call: Call) -> str:
    token = call.console.read_secret("Paste the token, then press Enter: ", limit=_LONGEST_TOKEN)
    if not token:
        hint = f"Pipe it in: `{call.typed('login --with-token')} < token.txt`."
        raise CommandUsage("There was no token on stdin.", hint=hint)
    if len(token) >= _LONGEST_TOKEN or len(token.split()) > 1:
        raise CommandUsage("What came on stdin is not a token: it has spaces, or is too long.")
    return token


def _finish(call: Call, outcome: LoginOutcome, method: str | None) -> None:
    if call.console.as_json:
        _signed_in(call, outcome)
        return
    console, session = call.console, outcome.session
    if outcome.already_signed_in:
        console.answer(f"Already signed in as {who(session)}.")
        console.talk(f"Run `{call.typed('login --force')}` to sign in anew.")
        return
    line = f"Signed in as {who(session)}."
    if method != "cli_poll" or session.storage_warning:
        reason = f": {clause(session.storage_warning)}" if session.storage_warning else ""
        line += f" Session kept in {kept_in(session)}{reason}."
    console.answer(line)
    if outcome.previous_account:
        console.mark("warn", f"Before this you were signed in as {outcome.previous_account}.")
    if call.auth.env_token_set():
        name = call.auth.env_token_name()
        console.mark("warn", f"{name} is set in the environment and is used instead.")


def _signed_in(call: Call, outcome: LoginOutcome) -> None:
    session = outcome.session
    call.console.document(
        {
            "event": "signed_in",
            "account": account_document(session),
            "issuer": session.issuer,
            "storage": session.storage,
            "already_signed_in": outcome.already_signed_in,
            "previous_account": outcome.previous_account,
        }
    )


def _failed(call: Call, code: str, message: str, hint: str | None) -> None:
    problem = {"code": code, "message": message, "hint": hint}
    call.console.document({"event": "failed", "error": problem})
