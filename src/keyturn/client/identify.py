"""Whose token it is: as the server says, else as the program does (K-1b)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client import environment_token
from keyturn.client.refresh import valid_session
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
from keyturn.protocol.tokens import Account

if TYPE_CHECKING:
    from keyturn.client.login.base import Granted
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.discovery import Metadata
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
    known = granted.account or _from_id_token(rt, granted)
    if known is not None and known.email is not None:
        return known
    if rt.config.stack is not None:
        found = _account(http.send(current_user(rt.stack(), access_token)))
    else:
        found = _ask_issuer(rt, http, granted.metadata or rt.metadata(http), access_token)
    if known is not None:
        # OpenID Connect Core section 5.3.2: an answer about somebody else must not be used.
        return found if found is not None and found.id == known.id else known
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


def _from_id_token(rt: Runtime, granted: Granted) -> Account | None:
    if granted.metadata is None:
        return None
    return account_from_id_token(
        granted.tokens.id_token, issuer=granted.metadata.issuer, client_id=rt.config.client_id
    )


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


def _ask_issuer(rt: Runtime, http: Http, metadata: Metadata, access_token: str) -> Account | None:
    found = None
    if metadata.userinfo is not None:
        found = _account(http.send(userinfo_request(metadata.userinfo, access_token)))
    if found is None and metadata.introspection is not None:
        client_id = rt.config.client_id
        found = account_from_reply(
            http.send(
                introspection_request(
                    metadata.introspection, client_id=client_id, access_token=access_token
                )
            )
        )
    return found


def _account(reply: Reply) -> Account | None:
    if reply.status == 401:
        raise ExchangeFailed("The server does not accept this token.")
    if is_temporary(reply.status):
        # Filing the session under no name, because of a bad minute, would be for good.
        raise refused(reply)
    return account_from_reply(reply)
