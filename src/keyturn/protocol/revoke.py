"""Ending a session at the server (RFC 7009, and the Stack-compatible API's own way)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.protocol.wire import form_request, json_request, limited

if TYPE_CHECKING:
    from keyturn.protocol.stack import StackClient
    from keyturn.protocol.wire import Reply, Request

LIMIT_SECONDS = 5.0


def oauth_revocation(
    endpoint: str, *, client_id: str, refresh_token: str | None, access_token: str
) -> Request:
    """Build the request that ends a session (RFC 7009 section 2.1).

    The refresh token goes where there is one: it stands for the whole session.
    """
    kind = "access_token" if refresh_token is None else "refresh_token"
    fields = {
        "token": refresh_token or access_token,
        "token_type_hint": kind,
        "client_id": client_id,
    }
    return limited(form_request(endpoint, fields), LIMIT_SECONDS)


def stack_revocation(client: StackClient, *, access_token: str) -> Request:
    """Build ``DELETE /auth/sessions/current``: ends the session that this access token names."""
    request = json_request(
        "DELETE",
        client.url("/auth/sessions/current"),
        payload={},
        headers=client.headers(access_token=access_token),
    )
    return limited(request, LIMIT_SECONDS)


def was_revoked(reply: Reply) -> bool:
    """Say whether the session is over at the server.

    RFC 7009 section 2.2 answers 200 for unknown tokens too: the client could do nothing about it.
    """
    return 200 <= reply.status < 300
