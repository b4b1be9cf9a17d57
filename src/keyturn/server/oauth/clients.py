"""Who asks: client authentication at the token endpoint and its neighbours (RFC 6749 2.3)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from keyturn.server.oauth import rules
from keyturn.server.oauth.errors import Refused, invalid_request

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Client
    from keyturn.server.projects.service import Projects
    from keyturn.server.secret import ServerSecret

METHODS = ("none", "client_secret_basic", "client_secret_post")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="keyturn", charset="UTF-8"'}


async def authenticate(
    authorization: str | None,
    form: Mapping[str, str],
    *,
    projects: Projects,
    secret: ServerSecret,
) -> Client:
    """Return the client that a request comes from.

    Public clients name themselves and send no secret; confidential ones send theirs in the Basic
    header or in the form.

    Args:
        authorization: The Authorization header.
        form: The parameters of the request.
        projects: Where clients are found.
        secret: What client secrets are hashed under.

    Raises:
        Refused: ``invalid_client``, or ``invalid_request`` where two methods are mixed.
    """
    basic = _basic(authorization)
    client_id, given = basic or (form.get("client_id"), form.get("client_secret"))
    if basic and ("client_secret" in form or form.get("client_id", basic[0]) != basic[0]):
        raise invalid_request("the client identifies itself in two ways")
    if not client_id:
        raise _unknown(by_basic=basic is not None)
    known = len(client_id) <= rules.LONGEST_CLIENT_ID and "\x00" not in client_id
    client = await projects.client(client_id) if known else None
    if client is None or not _proves(client, given or None, secret):
        raise _unknown(by_basic=basic is not None)
    return client


def _basic(authorization: str | None) -> tuple[str, str] | None:
    if authorization is None:
        return None
    try:
        return rules.basic_credentials(authorization)
    except rules.Malformed:
        raise _unknown(by_basic=True) from None


def _proves(client: Client, given: str | None, secret: ServerSecret) -> bool:
    if client.secret_hash is None:
        return client.is_public and given is None
    return given is not None and hmac.compare_digest(
        secret.hash("client secret", given), client.secret_hash
    )


def _unknown(*, by_basic: bool) -> Refused:
    # RFC 6749 section 5.2: a challenge of the scheme that was used, where one was.
    headers = _CHALLENGE if by_basic else {}
    return Refused("invalid_client", "the client is unknown or its secret is wrong", 401, headers)
