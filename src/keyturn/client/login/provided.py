"""Signing in, renewing and ending by a Provider, whatever that one throws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from keyturn.client.login.base import Granted, MethodChosen, Options, Talk
from keyturn.client.provider import Conversation, Provider
from keyturn.protocol.errors import (
    ExchangeFailed,
    KeyturnError,
    RefreshTransient,
    RefreshUnavailable,
    ServerUnreachable,
    SessionExpired,
)
from keyturn.protocol.identity import account_from
from keyturn.protocol.refresh import Ended, Outcome, Renewed, Temporary
from keyturn.protocol.tokens import Account, Tokens, clean_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.runtime import Runtime
    from keyturn.protocol.tokens import Session

T = TypeVar("T")


def sign_in(rt: Runtime, talk: Talk, provider: Provider, options: Options) -> Granted:
    """Have the person sign in the provider's way.

    Raises:
        ExchangeFailed: the provider failed, or brought something that is no token.
        KeyturnError: whatever else the provider raises.
    """
    talk.say(MethodChosen(method="provider", reason="this program signs in in a way of its own"))
    guarded(rt, provider.prepare)
    conversation = Conversation(talk, options, rt.effects.now())
    authorization = guarded(rt, lambda: provider.authorize(conversation))
    talk.decided()
    return Granted(tokens=_sound(rt, guarded(rt, lambda: provider.exchange(authorization))))


def prepare(rt: Runtime) -> None:
    """Let the provider, if there is one, do what takes long before a lock is taken.

    Raises:
        RefreshTransient: it failed; the session is as it was.
        KeyturnError: whatever else the provider raises.
    """
    provider = rt.config.provider
    if provider is None:
        return
    try:
        guarded(rt, provider.prepare)
    except ExchangeFailed as error:
        raise RefreshTransient(f"{error} You are still signed in.") from error


def account_of(rt: Runtime, provider: Provider, tokens: Tokens) -> Account | None:
    """Return whose tokens they are, as the provider says.

    Raises:
        ExchangeFailed: it failed, or names somebody who cannot be shown.
        KeyturnError: whatever else the provider raises.
    """
    said = guarded(rt, lambda: provider.identify(tokens))
    if said is None:
        return None
    named = Account(id=said) if isinstance(said, str) else said
    claims = (
        {"id": named.id, "email": named.email, "name": named.label}
        if isinstance(named, Account)
        else {}
    )
    account = account_from(claims)
    if account is None:
        raise ExchangeFailed(f"{rt.config.program} names an account that cannot be shown.")
    return account


def renew(rt: Runtime, provider: Provider, session: Session) -> Outcome:
    """Ask the provider for a successor. Whatever it throws, the session is kept, but for its end.

    Raises:
        RefreshUnavailable: it has no way to renew.
        ServerUnreachable: it could not reach its server.
    """
    refresh_token = session.refresh_token
    if refresh_token is None:
        raise RefreshUnavailable
    try:
        renewed = guarded(rt, lambda: provider.refresh(refresh_token))
        return Renewed(tokens=_sound(rt, renewed))
    except SessionExpired as error:
        return Ended(reason=str(error.args[0]).rstrip(".") if error.args[0] else None)
    except (RefreshUnavailable, ServerUnreachable):
        raise
    except KeyturnError as error:
        return Temporary(why=str(error))


def revoke(
    rt: Runtime, provider: Provider, session: Session
) -> Literal["revoked", "failed", "nothing"]:
    """Have the provider end a session; never raises.

    The provider answers for its own time: nothing here could stop it.
    """
    if type(provider).revoke is Provider.revoke:
        return "nothing"
    tokens = Tokens(access_token=session.access_token, refresh_token=session.refresh_token)
    try:
        guarded(rt, provider.prepare)
        return "revoked" if guarded(rt, lambda: provider.revoke(tokens)) else "failed"
    except KeyturnError:
        return "failed"


def guarded(rt: Runtime, call: Callable[[], T]) -> T:
    """Return what ``call`` does; its own exceptions become ExchangeFailed."""
    try:
        return call()
    except KeyturnError:
        raise
    except Exception as error:
        # Its text is not repeated: it may quote a token.
        raise ExchangeFailed(
            f"{rt.config.program}'s own way of signing in failed ({type(error).__name__})."
        ) from error


def _sound(rt: Runtime, tokens: object) -> Tokens:
    """Return tokens that can be sent and stored; programs without types may return anything."""
    good = (
        isinstance(tokens, Tokens)
        and clean_token(tokens.access_token) == tokens.access_token
        and (
            tokens.refresh_token is None
            or clean_token(tokens.refresh_token) == tokens.refresh_token
        )
    )
    if not isinstance(tokens, Tokens) or not good:
        raise ExchangeFailed(f"{rt.config.program}'s own way of signing in brought no token.")
    return tokens
