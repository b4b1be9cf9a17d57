"""Renewing a session (RFC 6749 section 6), and telling an ended one from a bad day.

Only ``invalid_grant`` ends a session. A portal's page, an overloaded server or a broken answer says
nothing about the session, and a program that deletes it then has signed its user out for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.protocol.errors import UnexpectedReply
from keyturn.protocol.refusal import error_code, error_text
from keyturn.protocol.retry import is_temporary, retry_after_seconds
from keyturn.protocol.stack import PUBLIC_CLIENT, StackClient
from keyturn.protocol.tokens import Tokens, read_tokens
from keyturn.protocol.wire import Request, form_request

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply

_ENDED = frozenset({"invalid_grant", "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"})
_BUSY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The server issued new tokens."""

    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The refresh token is not, or no longer, good for anything.

    Attributes:
        reason: The server's own sentence, where it gave one.
    """

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server understood and declined for another reason: the session may be as good as ever.

    Attributes:
        why: The status and the server's error code.
        code: That error code alone.
    """

    why: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temporary:
    """Nothing is known about the session; the same request may work later.

    Attributes:
        why: What came instead of an answer.
        retry_after_seconds: What the server asked for, if anything.
    """

    why: str
    retry_after_seconds: float | None = None


Outcome = Renewed | Ended | Refused | Temporary


def oauth_grant(endpoint: str, *, client_id: str, refresh_token: str) -> Request:
    """Build the refresh request of a public client (RFC 6749 section 6)."""
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": client_id,
    }
    return form_request(endpoint, fields)


def stack_grant(client: StackClient, *, refresh_token: str) -> Request:
    """Build the refresh request of the Stack-compatible API (``POST /auth/oauth/token``).

    It identifies the project by client credentials and carries none of the project headers.
    """
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": client.project_id,
        "client_secret": client.publishable_client_key or PUBLIC_CLIENT,
    }
    return form_request(client.url("/auth/oauth/token"), fields)


def read_refresh(reply: Reply, *, now: float) -> Outcome:
    """Judge the answer to either grant.

    400 and 401 with ``invalid_grant`` (RFC 6749 section 5.2), and the Stack-compatible API's
    REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED, end the session. Another 4xx counts as a refusal only when
    it names its reason in JSON; everything else is somebody's bad day.
    """
    if reply.status == 200:
        return _read_success(reply, now=now)
    code = error_code(reply)
    if is_temporary(reply.status) or code in _BUSY:
        return Temporary(why=f"HTTP {reply.status}", retry_after_seconds=retry_after_seconds(reply))
    if reply.status in (400, 401) and code in _ENDED:
        return Ended(reason=error_text(reply))
    if 400 <= reply.status < 500 and code is not None:
        return Refused(why=f"HTTP {reply.status}, {code}", code=code)
    return Temporary(why=f"HTTP {reply.status} without an answer of a sign-in server")


def _read_success(reply: Reply, *, now: float) -> Renewed | Temporary:
    try:
        return Renewed(tokens=read_tokens(reply, now=now))
    except UnexpectedReply as error:
        return Temporary(why=str(error))


def acknowledgement(endpoint: str, access_token: str) -> Request:
    """Tell the server that the renewed session is safely stored; 200 ms, and no matter if not."""
    return Request(
        method="POST",
        url=endpoint,
        headers={"Authorization": f"Bearer {access_token}"},
        limit_seconds=0.2,
    )
