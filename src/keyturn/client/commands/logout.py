"""``auth logout``: revoke the session at the server where possible, forget it here in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.hooks import Bundle, call_hook
from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE, Option
from keyturn.client.commands.text import day, iso
from keyturn.client.signout import logout
from keyturn.protocol.errors import AccountNotFound, SignInRequired, TokenFromEnv

if TYPE_CHECKING:
    from keyturn.client.commands.document import Document
    from keyturn.client.commands.run import Call
    from keyturn.client.session import LogoutOutcome, SessionInfo
    from keyturn.client.signout import Revoke

OPTIONS = (JSON, ACCOUNT, Option("--all", help="Sign out every account."), VERBOSE)


def run(call: Call) -> int:
    """Sign out one account, or all of them. Nobody signed in is no failure: it is what was wanted.

    Raises:
        TokenFromEnv: nothing is stored, and the token in ``<APP>_TOKEN`` is not ours to clear.
    """
    outcomes = _sign_out(call)
    shadow = call.auth.env_token_name() if call.auth.env_token_set() else None
    if shadow and not outcomes:
        raise TokenFromEnv(f"{shadow} is set in the environment, and cannot be cleared from here.")
    if call.console.as_json:
        documents = [_document(outcome) for outcome in outcomes]
        call.console.document({"signed_out": documents, "environment_variable": shadow})
    else:
        _talk(call, outcomes, shadow)
    return 0


def _sign_out(call: Call) -> list[LogoutOutcome]:
    references: list[str | None] = [call.account]
    if call.options.get("all"):
        references = [session.account_id for session in call.auth.sessions()] or [None]
    ended = _all_at_once(call, references)
    outcomes = [outcome for outcome in ended if outcome is not None]
    for outcome in outcomes:
        if call.hooks and call.hooks.on_signed_out:
            call_hook(call.console, call.hooks.on_signed_out, outcome)
    return outcomes


def _sign_out_one(call: Call, reference: str | None) -> LogoutOutcome | None:
    hook = _hook(call)
    try:
        if hook is None:
            return call.auth.logout(account=reference)
        return logout(call.auth._runtime(), reference, also=hook)
    except SignInRequired:
        return None
    except AccountNotFound:
        if call.options.get("all"):
            return None  # Nobody is signed in, whomever ACME_ACCOUNT names; or not any more.
        raise


def _hook(call: Call) -> Revoke | None:
    hook = call.hooks.revoke if call.hooks else None
    if hook is None:
        return None

    def revoke(access_token: str, session: SessionInfo) -> bool:
        ended = call_hook(call.console, hook, Bundle(access_token, session))
        if ended is False:
            name = getattr(hook, "__name__", "a hook")
            text = f"{name} of this program could not end the session of {session.display_name}."
            call.console.mark("warn", text)
        return bool(ended)

    return revoke


def _all_at_once(call: Call, references: list[str | None]) -> list[LogoutOutcome | None]:
    """Sign out side by side: a server that hangs then holds all of them no longer than one."""
    if len(references) < 2:
        return [_sign_out_one(call, reference) for reference in references]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=len(references)) as pool:
        return list(pool.map(lambda reference: _sign_out_one(call, reference), references))


def _talk(call: Call, outcomes: list[LogoutOutcome], shadow: str | None) -> None:
    console = call.console
    for outcome in outcomes:
        console.answer(_sentence(outcome))
        if outcome.revoked == "failed":
            console.mark("warn", _may_live(outcome, call.now))
        if outcome.may_end_browser_session:
            console.talk("You may find yourself signed out in the browser as well.")
    if not outcomes:
        console.answer("Nobody was signed in.")
    if shadow:
        console.mark("warn", f"{shadow} is still set in the environment and is used from now on.")


def _sentence(outcome: LogoutOutcome) -> str:
    if outcome.revoked == "revoked":
        revoked = f"The session was revoked at {outcome.issuer_host}."
        return f"Signed out {outcome.account}. {revoked}"
    if outcome.revoked == "failed":
        return f"Signed out {outcome.account} on this machine."
    return f"Signed out {outcome.account}. There was nothing to revoke at {outcome.issuer_host}."


def _may_live(outcome: LogoutOutcome, now: float) -> str:
    text = f"{outcome.issuer_host} did not answer, so the session there may live"
    if outcome.session_may_live_until is not None:
        text += f" until {day(outcome.session_may_live_until, now=now)}"
    else:
        text += " on"
    return f"{text}. End it at {outcome.sessions_url}" if outcome.sessions_url else f"{text}."


def _document(outcome: LogoutOutcome) -> Document:
    return {
        "account": outcome.account,
        "issuer_host": outcome.issuer_host,
        "revoked": outcome.revoked,
        "session_may_live_until": iso(outcome.session_may_live_until),
        "sessions_url": outcome.sessions_url,
        "may_end_browser_session": outcome.may_end_browser_session,
    }
