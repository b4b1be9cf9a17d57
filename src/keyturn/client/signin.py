"""The use cases that begin a session: sign in, sign in with a token, start without a person.

Nothing is stored before everything is known, and what was there stays until the new session is
stored: whoever stops in the middle is where they were.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.client.identify import DEFAULT_ID, identify
from keyturn.client.login import cli_poll, device_code, loopback_pkce, paste, provided
from keyturn.client.login.base import Granted, LoginOutcome, MethodChosen, Options, Talk
from keyturn.client.login.choose import choose
from keyturn.client.revocation import revoke_quietly
from keyturn.client.stores.accounts import default_id, display_name
from keyturn.net.browser import look_around
from keyturn.net.drive import run
from keyturn.protocol.errors import (
    AccountAmbiguous,
    AccountNotFound,
    ExchangeFailed,
    KeyturnError,
    SignInRequired,
    StoreCorrupt,
    StoreUnavailable,
)
from keyturn.protocol.stack import sign_up_anonymously
from keyturn.protocol.tokens import Account, Session, new_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.login.base import LoginEvent
    from keyturn.client.runtime import Runtime
    from keyturn.client.session import SessionInfo
    from keyturn.client.stores.base import Snapshot
    from keyturn.net.stdlib import Http


def login(
    rt: Runtime, options: Options, listener: Callable[[LoginEvent], None] | None
) -> LoginOutcome:
    """Sign a person in and store the session; see ``Auth.login``."""
    _check_storage(options.storage)
    live = _live_session(rt)
    if live is not None and not options.force:
        return LoginOutcome(session=rt.info(live), already_signed_in=True)
    rt.store.check(options.storage, dialog=_somebody_is_there())
    talk = Talk(rt, listener, options.check)
    with rt.http(on_tick=talk.tick) as http:
        granted = _granted(rt, http, talk, options)
        return _keep(rt, http, granted, options)


def login_with_token(rt: Runtime, text: str) -> LoginOutcome:
    """Store a token that the person brought along; see ``Auth.login_with_token``."""
    _check_storage(rt.config.storage)
    granted = paste.accept(rt, text)
    rt.store.check(rt.config.storage)
    with rt.http() as http:
        # Whoever brings a token has chosen the account with it.
        return _keep(rt, http, granted, Options(storage=rt.config.storage, force=True))


def anonymous(rt: Runtime) -> SessionInfo:
    """Return the stored session, else start one without a person; see ``Auth.anonymous``."""
    _check_storage(rt.config.storage)
    client = rt.stack()
    stored = _usual_session(rt)
    if stored is not None:
        return rt.info(stored)
    with rt.anonymous_lock(), rt.http() as http:
        # Whoever held the lock before us has started one; a second would be a second user.
        stored = _usual_session(rt)
        if stored is not None:
            return rt.info(stored)
        account, tokens = run(sign_up_anonymously(client, now=rt.effects.now()), http)
        granted = Granted(tokens=tokens, account=account)
        session = _session(rt, granted, account, Options(storage=rt.config.storage))
        return rt.info(rt.store.put(replace(session, anonymous=True), pin=True))


def _check_storage(policy: str) -> None:
    if policy not in ("auto", "file", "keyring"):
        raise StoreUnavailable(f"There is no storage called {policy!r}.")


def _somebody_is_there() -> bool:
    """Say whether a person could answer a dialog: a script must not wait a minute for nobody."""
    return sys.stdin is not None and sys.stdin.isatty()


def _granted(rt: Runtime, http: Http, talk: Talk, options: Options) -> Granted:
    place = look_around(os.environ)
    if rt.config.stack is not None:
        if options.method not in ("auto", "cli_poll", "device"):
            raise ExchangeFailed("A Stack-compatible project is signed in to by its confirm page.")
        talk.say(MethodChosen(method="cli_poll", reason="this is a Stack-compatible project"))
        can_open = options.open_browser and place.has_browser and options.method != "device"
        return cli_poll.sign_in(rt, http, talk, replace(options, open_browser=can_open))
    if rt.config.provider is not None:
        return provided.sign_in(rt, talk, rt.config.provider, options)
    metadata = rt.metadata(http)
    chosen = choose(options, metadata, place)
    talk.say(chosen)
    if chosen.method == "device":
        return device_code.sign_in(rt, http, talk, metadata, options)
    return loopback_pkce.sign_in(rt, http, talk, metadata, options)


def _keep(rt: Runtime, http: Http, granted: Granted, options: Options) -> LoginOutcome:
    """Find out whose it is, store it, then end what it replaces, in this order."""
    account = granted.account or Account(id=DEFAULT_ID)
    session = _session(rt, granted, account, options)
    try:
        account = identify(rt, http, granted)
        session = replace(session, account=account)
        before = rt.store.index()
        old = before.sessions.get(account.id)
        old = old and rt.with_secrets_if_possible(old)  # Storing the new one empties its slot.
        _refuse_nameless(account, before.ids)
        previous = _previous(before, account)
        _refuse_unasked_change(account, previous, options)
        options.check()
    except BaseException:  # Ctrl-C, too: nobody could ever use or end the session otherwise.
        revoke_quietly(rt, session)
        raise
    try:
        stored = rt.store.put(session, pin=True)
    except KeyturnError:  # Of anything else nobody knows whether it came before the rename.
        if not _may_be_stored(rt, session):
            revoke_quietly(rt, session)
        raise
    rt.trace("stored the new session")
    try:
        _retire(rt, stored, old)
        if granted.anonymous_id is not None:
            _clear_anonymous(rt, granted.anonymous_id, stored)
        _clear_nameless(rt, stored)
    except KeyboardInterrupt:  # Tidying up is all that was left: the person is signed in.
        rt.trace("interrupted; what the new session replaces may live on at the server")
    return LoginOutcome(
        session=rt.info(stored, storage_warning=rt.store.fallback),
        previous_account=display_name(previous.account) if previous else None,
    )


def _previous(before: Snapshot, account: Account) -> Session | None:
    """Return the default session so far, where it is another person's."""
    previous_id = default_id(before)
    previous = before.sessions.get(previous_id) if previous_id else None
    known = (account.id, DEFAULT_ID)  # Nobody knows whose the nameless one was.
    same = previous is None or previous.anonymous or previous.account.id in known
    return None if same else previous


def _refuse_unasked_change(account: Account, previous: Session | None, options: Options) -> None:
    """Keep a script from going on as somebody else, perhaps somebody who wants just that (T-4).

    A person is told afterwards, and sees it. A script has to have said that it may happen.
    """
    if previous is None or options.force or _somebody_is_there():
        return
    raise ExchangeFailed(
        f"{display_name(account)} signed in, but so far it was {display_name(previous.account)}.",
        hint="Run `{program} auth login --force` to change the account.",
    )


def _may_be_stored(rt: Runtime, session: Session) -> bool:
    """Say whether a failed write may have got as far as the rename, as on a disk that then broke.

    Both sessions, the new and the old, then go on at the server: either may be the one that lasts.
    """
    try:
        found = rt.store.index().sessions.get(session.account.id)
    except KeyturnError:
        return True
    if found is None or found.issued_at != session.issued_at:
        return False
    return found.is_sealed or found.access_token == session.access_token


def _retire(rt: Runtime, stored: Session, old: Session | None) -> None:
    """Revoke the session that the new one of the same account replaced."""
    if old is None or old.refresh_token is None or stored.shares_grant_with(old):
        return
    # On the Stack face it may be the browser's own; only one we started alone is ours to end, and
    # an anonymous one that was upgraded has ended at the server already.
    if rt.config.stack is None:
        revoke_quietly(rt, old)


def _clear_anonymous(rt: Runtime, anonymous_id: str, stored: Session) -> None:
    """Forget the session without a person, unless it has become this very account (K-48)."""
    if anonymous_id == stored.account.id:
        return
    cleared = rt.store.remove(anonymous_id)
    if cleared is not None and cleared.anonymous:
        revoke_quietly(rt, cleared)


def _clear_nameless(rt: Runtime, stored: Session) -> None:
    """Forget a session of nobody known: the two could not be told apart (K-1b)."""
    if stored.account.id == DEFAULT_ID:
        return
    try:
        _retire(rt, stored, rt.store.remove(DEFAULT_ID))
    except KeyturnError as error:
        rt.trace(f"the earlier session without a name stays ({error.code})")


def _session(rt: Runtime, granted: Granted, account: Account, options: Options) -> Session:
    session = new_session(
        granted.tokens,
        account=account,
        issuer=rt.config.issuer,
        client_id=granted.client.id if granted.client else rt.config.client_id,
        now=rt.effects.now(),
        endpoints=granted.metadata.endpoints if granted.metadata else None,
        scope=options.scope,
    )
    return replace(session, storage=options.storage)


def _refuse_nameless(account: Account, stored_ids: list[str]) -> None:
    others = [account_id for account_id in stored_ids if account_id != DEFAULT_ID]
    if account.id == DEFAULT_ID and others:
        raise AccountAmbiguous(
            "The server does not tell who signed in, so this session could not be told apart from "
            "those that are stored.",
            choices=others,
            hint="Sign the others out first, or ask for a scope that names the account (openid).",
        )


def _live_session(rt: Runtime) -> Session | None:
    session = _usual_session(rt)
    if session is None or session.anonymous:
        return None
    renewable = session.is_renewable and not _has_ended(rt, session)
    return session if renewable or session.is_usable(now=rt.effects.now()) else None


def _has_ended(rt: Runtime, session: Session) -> bool:
    return session.session_ends_at is not None and rt.effects.now() >= session.session_ends_at


def _usual_session(rt: Runtime) -> Session | None:
    try:
        return rt.session(None)
    except (SignInRequired, AccountAmbiguous, AccountNotFound):
        return None
    except StoreCorrupt as error:
        rt.effects.warn(str(error))  # It names the file; a new sign-in is the remedy.
        return None
