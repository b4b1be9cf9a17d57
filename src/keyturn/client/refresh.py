"""Renewing a session exactly once, however many processes ask at the same moment.

Lock order: the refresh lock of one credential first, then, inside the store, the store lock.
Logout, switch and login take only the latter, so the grant's answer is compared before it is
written: what may no longer be stored is revoked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client.interrupts import put_off
from keyturn.client.lock import LockTimeout
from keyturn.client.login.provided import prepare
from keyturn.client.login.provided import renew as provided_renewal
from keyturn.client.revocation import revoke_quietly
from keyturn.protocol.client_auth import authenticated
from keyturn.protocol.errors import (
    KeyturnError,
    RefreshTransient,
    RefreshUnavailable,
    ServerUnreachable,
    SessionExpired,
    SignInRequired,
    StoreLocked,
    StoreUnavailable,
    UnexpectedReply,
)
from keyturn.protocol.id_token import renewal_objection
from keyturn.protocol.refresh import (
    Ended,
    Outcome,
    Refused,
    Renewed,
    Temporary,
    acknowledgement,
    oauth_grant,
    read_refresh,
    stack_grant,
)
from keyturn.protocol.retry import SKEW_WORTH_TELLING_SECONDS, clock_skew_seconds

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.tokens import Session, Tokens
    from keyturn.protocol.wire import Reply, Request

_PASSING = (ServerUnreachable, RefreshTransient, StoreLocked, StoreUnavailable)


def valid_session(
    rt: Runtime, account: str | None, *, rejected: str | None = None, force: bool = False
) -> Session:
    """Return a session whose access token can be used now, renewing it when it is due.

    Args:
        rt: The program's parts.
        account: Whose session; the usual one where left out.
        rejected: An access token that was just answered with 401, whatever its expiry says.
        force: Renew even when it is not due.

    Raises:
        SignInRequired, SessionExpired, AccountNotFound, AccountAmbiguous,
        RefreshUnavailable: a renewal was asked for, and there is no refresh token.
        ServerUnreachable, RefreshTransient, StoreLocked: not now; the session is untouched.
    """
    session = rt.usable(rt.session(account))
    asked_for = force or session.access_token == rejected
    if not asked_for and not session.needs_refresh(now=rt.effects.now()):
        return session
    if not session.is_renewable:
        return _without_refresh_token(rt, session, asked_for=asked_for)
    try:
        return renew(rt, session, force=asked_for)
    except _PASSING:
        if asked_for or not session.is_usable(now=rt.effects.now()):
            raise
        rt.trace("could not renew; the token is still valid and is used")
        return session


def renew(rt: Runtime, seen: Session, *, force: bool) -> Session:
    """Send one refresh grant for ``seen``, unless somebody else just has.

    Args:
        rt: The program's parts.
        seen: The session as it was read before waiting for the lock.
        force: Send even when it is not due.

    Raises:
        SignInRequired, SessionExpired, ServerUnreachable, RefreshTransient, StoreUnavailable.
    """
    prepare(rt)  # A handshake may take its time; nobody is to wait for our lock meanwhile.
    with rt.http() as http:
        try:
            with rt.refresh_lock(seen.account.id) as lock:
                # Read again: whoever held the lock before us may have renewed the session, and
                # with rotating refresh tokens ours is then already spent. Sending it would not
                # merely fail; servers treat reuse as theft and end the whole session (RFC 9700
                # section 4.14.2).
                stored = rt.stored(seen.account.id)
                if _is_settled(stored, seen, force=force, now=rt.effects.now()):
                    rt.trace("adopted the session that another process renewed")
                    return rt.usable(stored)
                stored = rt.with_secrets(stored)
                # The answer of a server with strict rotation exists once: whoever stops between
                # sending and storing has spent the old refresh token and lost the new one.
                with put_off():
                    renewed = _grant(rt, http, stored, alone=lock.effective)
        except LockTimeout:
            return _adopt_after_timeout(rt, seen, force=force)
        _acknowledge(rt, http, renewed)
    return renewed


def _is_settled(stored: Session, seen: Session, *, force: bool, now: float) -> bool:
    if force:
        return not stored.same_as(seen) and stored.is_usable(now=now)
    return not stored.needs_refresh(now=now)


def _without_refresh_token(rt: Runtime, session: Session, *, asked_for: bool) -> Session:
    usable = session.is_usable(now=rt.effects.now())
    if usable and not asked_for:
        return session
    if not rt.renews:
        raise RefreshUnavailable(
            "The session cannot be renewed: this program keeps nothing but the access token.",
            hint="Run `{program} auth login` to sign in again.",
        )
    if usable:
        raise RefreshUnavailable
    raise SessionExpired("Your session has ended, and it is of a kind that cannot be renewed.")


def _adopt_after_timeout(rt: Runtime, seen: Session, *, force: bool) -> Session:
    stored = rt.stored(seen.account.id)
    if _is_settled(stored, seen, force=force, now=rt.effects.now()):
        return rt.usable(stored)
    raise RefreshTransient("Another process is renewing this session and does not end.")


def _grant(rt: Runtime, http: Http, stored: Session, *, alone: bool) -> Session:
    """Send the grant, under the lock, and do with its outcome what has to be done there."""
    rt.trace("renewing the session")
    host = rt.issuer_host
    outcome = _ask(rt, http, stored)
    match outcome:
        case Renewed(tokens=tokens):
            return _renewed(rt, stored, tokens, alone=alone)
        case Ended(reason=reason):
            return _end(rt, http, stored, reason, alone=alone)
        case Refused(why=why, code=code):
            if code == "invalid_client" and rt.config.registers:
                rt.registrations().note_refused(stored.client_id)
            raise SessionExpired(f"{host} refused to renew the session ({why}).")
        case Temporary(why=why):
            raise RefreshTransient(f"{host} could not renew the session just now ({why}).")


def _renewed(rt: Runtime, stored: Session, tokens: Tokens, *, alone: bool) -> Session:
    """Store what a grant brought, and only then look at the ID token that may have come along.

    The tokens before are spent, so these are stored in any case (K-29). Where they may be another
    person's, only the refresh token is for keeping: the access token counts as spent.
    """
    now = rt.effects.now()
    renewed = stored.renewed(tokens, now=now)
    objection = _objection(rt, stored, tokens)
    if objection is None:
        return _keep(rt, stored, renewed, alone=alone)
    spent = replace(renewed, expires_at=now)
    kept = _keep(rt, stored, spent, alone=alone)
    if kept.access_token != spent.access_token:
        return kept  # Somebody signed in anew meanwhile.
    raise UnexpectedReply(f"{objection} The session is kept; its new access token is not used.")


def _objection(rt: Runtime, stored: Session, tokens: Tokens) -> str | None:
    if tokens.id_token is None or "openid" not in (stored.scope or "").split():
        return None
    # A program may have named the account itself, and then not as the server does.
    by_server = rt.config.identify is None and stored.account.id != "default"
    return renewal_objection(
        tokens.id_token,
        issuer=stored.issuer,
        client_id=stored.client_id,
        subject=stored.account.id if by_server else None,
    )


def _ask(rt: Runtime, http: Http, session: Session) -> Outcome:
    provider = rt.config.provider
    if provider is not None:
        return provided_renewal(rt, provider, session)
    try:
        reply = http.send(_grant_request(rt, session))
    except ServerUnreachable as error:
        message = f"{error} You are still signed in."
        raise ServerUnreachable(message, kind=error.kind, hint=error.hint) from error
    except UnexpectedReply as error:
        return Temporary(why=str(error))
    _note_skew(rt, reply)
    return read_refresh(reply, now=rt.effects.now())


def _grant_request(rt: Runtime, session: Session) -> Request:
    refresh_token = session.refresh_token
    if refresh_token is None:
        raise SessionExpired("Your session has ended, and it is of a kind that cannot be renewed.")
    if rt.config.stack is not None:
        return stack_grant(rt.stack(), refresh_token=refresh_token)
    if session.endpoints is None:
        raise RefreshUnavailable
    client = rt.client_of(session)
    grant = oauth_grant(
        session.endpoints.token, client_id=session.client_id, refresh_token=refresh_token
    )
    return authenticated(grant, client)


def _keep(rt: Runtime, stored: Session, renewed: Session, *, alone: bool) -> Session:
    try:
        kept = rt.store.replace(stored, renewed)
    except KeyturnError as error:
        # The grant is spent and its answer is all there is: serve it, but acknowledge nothing, so
        # that a server with rotation still takes the old refresh token from the next run.
        rt.effects.warn(f"{error} The renewed session serves this run only.")
        return renewed
    if kept is not None:
        rt.trace("stored the renewed session")
        if rt.store.fallback is not None:
            where = rt.store.location
            rt.effects.warn(f"{rt.store.fallback} The session is kept in {where} for now.")
        return kept
    return _overtaken(rt, stored, renewed, alone=alone)


def _overtaken(rt: Runtime, stored: Session, renewed: Session, *, alone: bool) -> Session:
    """Somebody signed out, or in anew, while the grant was under way: theirs is what counts."""
    current = rt.store.index().sessions.get(stored.account.id)
    current = current and rt.with_secrets_if_possible(current)
    fresh = renewed.refresh_token != stored.refresh_token
    if fresh and alone and not (current and current.shares_grant_with(renewed)):
        rt.trace("revoking the renewed session: it may no longer be stored")
        revoke_quietly(rt, renewed)
    if current is None or not current.is_usable(now=rt.effects.now()):
        raise SignInRequired("This account has been signed out.")  # Or is about to be.
    return rt.usable(current)


def _end(rt: Runtime, http: Http, stored: Session, reason: str | None, *, alone: bool) -> Session:
    """Take ``invalid_grant`` for an end only when nobody else has renewed the session since."""
    removed = rt.store.remove(stored.account.id, only=stored)
    if removed is None:
        current = rt.stored(stored.account.id)
        if current.is_usable(now=rt.effects.now()):
            return rt.usable(current)
        # What was refused is not what is stored: nothing is known of theirs until it was tried.
        return _grant(rt, http, rt.with_secrets(current), alone=alone)
    rt.trace("the session has ended")
    raise SessionExpired(f"Your session has ended ({reason})." if reason else "")


def _acknowledge(rt: Runtime, http: Http, renewed: Session) -> None:
    """Tell the server that the successor is safe, so that the predecessor may end (K-23)."""
    endpoints = renewed.endpoints
    if endpoints is None or endpoints.ack is None or not _is_stored(rt, renewed):
        return
    try:
        http.send(acknowledgement(endpoints.ack, renewed.access_token))
    except (ServerUnreachable, UnexpectedReply):
        rt.trace("the server did not hear that the session was stored; no matter")


def _is_stored(rt: Runtime, session: Session) -> bool:
    try:
        return session.same_as(rt.store.index().sessions.get(session.account.id))
    except KeyturnError:
        return False


def _note_skew(rt: Runtime, reply: Reply) -> None:
    skew = clock_skew_seconds(reply, now=rt.effects.now())
    if skew is not None and abs(skew) > SKEW_WORTH_TELLING_SECONDS:
        way = "ahead of" if skew > 0 else "behind"
        rt.trace(f"this computer's clock is {abs(skew) / 60:.0f} minutes {way} the server's")
