"""Signing in to a Stack-compatible project: show its confirm page, poll until somebody decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client.login.base import Granted, Options, Talk, Verification
from keyturn.net.drive import run
from keyturn.protocol import cli_login
from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.identity import account_from
from keyturn.protocol.jwt import unverified_claims
from keyturn.protocol.refresh import Renewed, Temporary, read_refresh, stack_grant
from keyturn.protocol.refusal import refused
from keyturn.protocol.tokens import clean_token
from keyturn.protocol.waiting import LONGEST_HOLD_SECONDS

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.tokens import Session, Tokens


def sign_in(rt: Runtime, http: Http, talk: Talk, options: Options) -> Granted:
    """Show the confirm page and wait until the person has decided there.

    A session without a person, ours or one handed in by ``<APP>_ANON_REFRESH_TOKEN``, is offered
    along: who signs up on the page then keeps its user.

    Raises:
        LoginExpired, ExchangeFailed, ServerUnreachable, UnexpectedReply.
    """
    client = rt.stack()
    attempt, anonymous = _start(rt, http)
    link = Verification(
        method="cli_poll",
        url=cli_login.confirm_url(_app_url(rt), attempt.login_code),
        compare_code=attempt.compare_code,
        expires_at=rt.effects.now() + cli_login.LIFETIME_SECONDS,
    )
    talk.show_link(link, open_browser=options.open_browser)
    polling = cli_login.poll(client, attempt, hold_seconds=LONGEST_HOLD_SECONDS)
    refresh_token = run(polling, http)
    talk.decided()
    tokens = _exchange(rt, http, refresh_token)
    return Granted(
        tokens=tokens,
        account=account_from(unverified_claims(tokens.access_token)),
        anonymous_id=anonymous.account.id if anonymous else None,
    )


def stored_anonymous(rt: Runtime) -> Session | None:
    """Return the stored session without a person, if there is one."""
    sessions = rt.store.index().sessions.values()
    return next((session for session in sessions if session.anonymous), None)


def _start(rt: Runtime, http: Http) -> tuple[cli_login.CliLogin, Session | None]:
    client = rt.stack()
    given = clean_token(rt.config.variable("ANON_REFRESH_TOKEN"))
    if given is not None:
        return run(cli_login.start(client, anonymous_refresh_token=given), http), None
    anonymous = stored_anonymous(rt)
    if anonymous is not None:
        token = rt.with_secrets(anonymous).refresh_token
        try:
            return run(cli_login.start(client, anonymous_refresh_token=token), http), anonymous
        except ExchangeFailed:
            # It has ended at the server, which must not keep the person from signing in.
            rt.effects.warn("The session without an account has ended and could not be taken over.")
    return run(cli_login.start(client, anonymous_refresh_token=None), http), None


def _exchange(rt: Runtime, http: Http, refresh_token: str) -> Tokens:
    """Trade the refresh token that the poll brought for a session's first access token."""
    reply = http.send(stack_grant(rt.stack(), refresh_token=refresh_token))
    outcome = read_refresh(reply, now=rt.effects.now())
    if isinstance(outcome, Renewed):
        return replace(
            outcome.tokens, refresh_token=outcome.tokens.refresh_token or clean_token(refresh_token)
        )
    if isinstance(outcome, Temporary):
        raise ExchangeFailed(f"The sign-in could not be finished: {outcome.why}.")
    raise refused(reply)


def _app_url(rt: Runtime) -> str:
    return rt.config.stack.app_url if rt.config.stack else ""
