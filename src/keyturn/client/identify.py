"""Whose token it is: as the server says, else as the program does (K-1b)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client import environment_token
from keyturn.client.id_token import verified_claims, wanted
from keyturn.client.login.provided import account_of
from keyturn.client.refresh import valid_session
from keyturn.protocol.client_auth import authenticated
from keyturn.protocol.errors import ExchangeFailed, KeyturnError, SessionExpired
from keyturn.protocol.identity import (
    account_from,
    account_from_id_token,
    account_from_reply,
    introspection_request,
    userinfo_request,
)
from keyturn.protocol.refusal import refused
from keyturn.protocol.retry import is_temporary
from keyturn.protocol.stack import current_user
from keyturn.protocol.tokens import Account, Tokens

if TYPE_CHECKING:
    from keyturn.client.login.base import Granted
    from keyturn.client.provider import Provider
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.wire import Reply

DEFAULT_ID = "default"


def identify(rt: Runtime, http: Http, granted: Granted) -> Account:
    """Return whose token it is.

    The id_token of the answer tells, else userinfo, else introspection, else the program's own
    ``identify``. Nobody holds a lock while that one runs: it may do what it likes, for as long as
    it likes.

    Args:
        rt: The program's parts.
        http: The flow's HTTP.
        granted: The token; who its answer named is asked about again only for a missing email.

    Raises:
        ExchangeFailed: the server says that this is no valid token, or its id_token is for somebody
            else, or the program's ``identify`` failed.
        ServerUnreachable, UnexpectedReply: who it belongs to cannot be found out now.
    """
    access_token = granted.tokens.access_token
    if rt.config.provider is not None:
        return account_of(rt, rt.config.provider, granted.tokens) or Account(id=DEFAULT_ID)
    known = granted.account or _from_id_token(rt, http, granted)
    if known is not None and known.email is not None:
        return known
    if rt.config.stack is not None:
        found = _account(http.send(current_user(rt.stack(), access_token)))
    else:
        found = _ask_issuer(rt, http, granted, access_token)
    if known is not None:
        return _agreed(rt, known, found)
    return found or _ask_program(rt, access_token) or Account(id=DEFAULT_ID)


def whose(rt: Runtime, account: str | None) -> dict[str, object]:
    """Return what the server tells about the session in use; see ``Auth.userinfo``."""
    token = environment_token(rt.config)
    if token is not None:
        return userinfo(rt, token, endpoint=None)
    session = valid_session(rt, account)
    endpoint = session.endpoints.userinfo if session.endpoints else None
    return userinfo(rt, session.access_token, endpoint=endpoint)


def userinfo(rt: Runtime, access_token: str, *, endpoint: str | None) -> dict[str, object]:
    """Return what the server tells about the owner of ``access_token``.

    Args:
        rt: The program's parts.
        access_token: The token.
        endpoint: Where to ask, as known from the sign-in; ``None``: find out.

    Raises:
        SessionExpired: the server does not accept the token (any more).
        ExchangeFailed: the server has no such endpoint, or refuses.
        ServerUnreachable, UnexpectedReply.
    """
    if rt.config.provider is not None:
        return _as_provided(rt, rt.config.provider, access_token)
    with rt.http() as http:
        if rt.config.stack is not None:
            reply = http.send(current_user(rt.stack(), access_token))
        else:
            endpoint = endpoint or rt.metadata(http).userinfo
            if endpoint is None:
                raise ExchangeFailed(f"{rt.issuer_host} does not tell who is signed in.")
            reply = http.send(userinfo_request(endpoint, access_token))
    if reply.status == 401:
        raise SessionExpired(f"{rt.issuer_host} no longer accepts this session.")
    if reply.status != 200:
        raise refused(reply)
    return reply.json_object()


def _agreed(rt: Runtime, known: Account, found: Account | None) -> Account:
    """Take userinfo only for the person whom the ID token names (OpenID Connect Core 5.3.2)."""
    if found is None or found.id == known.id:
        return found or known
    if rt.config.stack is None:
        raise ExchangeFailed("The sign-in server names one person and describes another.")
    return known


def _from_id_token(rt: Runtime, http: Http, granted: Granted) -> Account | None:
    if granted.metadata is None:
        return None
    if wanted(granted):
        return account_from(verified_claims(rt, http, granted, granted.metadata))
    return account_from_id_token(
        granted.tokens.id_token,
        issuer=granted.metadata.issuer,
        client_id=(granted.client or rt.config.client).id,
    )


def _as_provided(rt: Runtime, provider: Provider, access_token: str) -> dict[str, object]:
    account = account_of(rt, provider, Tokens(access_token=access_token))
    if account is None:
        raise ExchangeFailed(f"{rt.issuer_host} does not tell who is signed in.")
    return {"sub": account.id, "email": account.email, "name": account.label}


def _ask_program(rt: Runtime, access_token: str) -> Account | None:
    if rt.config.identify is None:
        return None
    try:
        said = rt.config.identify(access_token)
    except KeyturnError:
        raise
    except Exception as error:
        # Its text is not repeated: it may quote the token.
        raise ExchangeFailed(
            f"{rt.config.program} could not find out who signed in ({type(error).__name__})."
        ) from error
    if said is None:
        return None
    named = Account(id=said) if isinstance(said, str) else said
    if isinstance(named, Account):
        claims = {"id": named.id, "email": named.email, "name": named.label}
        account = account_from(claims)
    else:
        account = None  # Programs without types may return anything.
    if account is None:
        raise ExchangeFailed(f"{rt.config.program} names an account that cannot be shown.")
    return account


def _ask_issuer(rt: Runtime, http: Http, granted: Granted, access_token: str) -> Account | None:
    found, metadata = None, granted.metadata or rt.metadata(http)
    if metadata.userinfo is not None:
        found = _account(http.send(userinfo_request(metadata.userinfo, access_token)))
    if found is None and metadata.introspection is not None:
        client = granted.client or rt.config.client
        asking = introspection_request(
            metadata.introspection, client_id=client.id, access_token=access_token
        )
        found = account_from_reply(http.send(authenticated(asking, client)))
    return found


def _account(reply: Reply) -> Account | None:
    if reply.status == 401:
        raise ExchangeFailed("The server does not accept this token.")
    if is_temporary(reply.status):
        # Filing the session under no name, because of a bad minute, would be for good.
        raise refused(reply)
    return account_from_reply(reply)
