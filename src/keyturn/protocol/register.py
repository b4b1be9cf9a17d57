"""Dynamic client registration (RFC 7591): a program becomes a client without anybody's help.

What is asked for is a native app with a loopback address that has no port (RFC 8252 section 7.3).
What the server answers wins: it may hand out a secret nobody asked for, and then wants to see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyturn.protocol.client_auth import BASIC, METHODS, NONE, POST, Client, authenticated
from keyturn.protocol.device import GRANT_TYPE as DEVICE_GRANT
from keyturn.protocol.errors import RegistrationFailed, ServerUnreachable
from keyturn.protocol.jwt import finite_number
from keyturn.protocol.refusal import error_code, error_text
from keyturn.protocol.retry import is_temporary
from keyturn.protocol.tokens import clean_token
from keyturn.protocol.wire import form_request, host_of, json_request, send, unexpected

if TYPE_CHECKING:
    from keyturn.protocol.discovery import Metadata
    from keyturn.protocol.wire import Reply, Steps

CODE_GRANT, REFRESH_GRANT = "authorization_code", "refresh_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A client that a server made for this program.

    Attributes:
        client: Who the program is there.
        secret_expires_at: When its secret ends, in epoch seconds; ``None``: never, or no secret.
        redirect_uri: What it was registered with.
        scope: What was asked for; ``None``: nothing in particular.
    """

    client: Client
    secret_expires_at: float | None
    redirect_uri: str
    scope: str | None


class RedirectRefused(Exception):
    """The server does not register this redirect address; another one may do."""


def register(
    metadata: Metadata, *, name: str, redirect_uri: str, scope: str | None
) -> Steps[Registration]:
    """Register a native app called ``name`` (RFC 7591 section 3).

    Raises:
        RegistrationFailed: the server has no such endpoint, refuses, or makes a client of a kind
            that this package cannot be.
        RedirectRefused: it is the redirect address that it refuses.
        ServerUnreachable, UnexpectedReply.
    """
    if metadata.registration is None:
        raise RegistrationFailed(
            f"{host_of(metadata.issuer)} does not register programs that nobody told it of."
        )
    wish = {
        "client_name": name,
        "application_type": "native",
        "redirect_uris": [redirect_uri],
        "response_types": ["code"] if metadata.authorization else [],
        "grant_types": _grant_types(metadata),
        "token_endpoint_auth_method": _method_to_ask_for(metadata),
        **({"scope": scope} if scope else {}),
    }
    reply = yield from send(json_request("POST", metadata.registration, payload=wish))
    return read_registration(reply, redirect_uri=redirect_uri, scope=scope)


def read_registration(reply: Reply, *, redirect_uri: str, scope: str | None) -> Registration:
    """Read the answer to ``register`` (RFC 7591 section 3.2). Raises as that does."""
    if reply.status not in (200, 201):
        raise _refusal(reply)
    answer = reply.json_object()
    client_id = clean_token(answer.get("client_id"))
    if client_id is None:
        raise unexpected(reply, "there is no usable client_id")
    registered = answer.get("redirect_uris")
    if isinstance(registered, list) and registered and redirect_uri not in registered:
        raise RedirectRefused  # Section 3.2.1: a server may replace what it was asked for.
    secret = answer.get("client_secret")
    if secret is not None and (not isinstance(secret, str) or not secret):
        raise unexpected(reply, "there is no usable client_secret")
    ends = finite_number(answer.get("client_secret_expires_at")) or None
    return Registration(
        client=Client(id=client_id, secret=secret, method=_method(answer, secret)),
        secret_expires_at=ends if secret is not None else None,
        redirect_uri=redirect_uri,
        scope=scope,
    )


def is_unknown(reply: Reply) -> bool:
    """Say whether a token endpoint does not know the client, or not with this secret."""
    return reply.status in (400, 401) and error_code(reply) == "invalid_client"


def is_known(metadata: Metadata, client: Client, *, invented: str) -> Steps[bool]:
    """Ask whether the server still knows a client, by a grant that cannot succeed.

    A browser is no place to find out: RFC 6749 section 4.1.2.1 has the server show an error there,
    and the program would wait for nothing.

    Args:
        metadata: The server's.
        client: Who asks.
        invented: A refresh token that nobody issued.
    """
    fields = {"grant_type": REFRESH_GRANT, "refresh_token": invented, "client_id": client.id}
    reply = yield from send(authenticated(form_request(metadata.token, fields), client))
    return not is_unknown(reply)


def _grant_types(metadata: Metadata) -> list[str]:
    wanted = [REFRESH_GRANT]
    if metadata.authorization is not None:
        wanted.insert(0, CODE_GRANT)
    if metadata.device_authorization is not None:
        wanted.append(DEVICE_GRANT)
    offered = metadata.grant_types
    return [grant for grant in wanted if offered is None or grant in offered]


def _method_to_ask_for(metadata: Metadata) -> str:
    offered = metadata.auth_methods
    if offered is None:
        return NONE
    for method in (NONE, BASIC, POST):
        if method in offered:
            return method
    raise RegistrationFailed(
        f"{host_of(metadata.issuer)} has no way for a program like this to prove who it is."
    )


def _method(answer: dict[str, Any], secret: str | None) -> str:
    # Section 2: a server that does not say means client_secret_basic.
    method = answer.get("token_endpoint_auth_method") or (BASIC if secret else NONE)
    if method not in METHODS or (method != NONE and secret is None):
        raise RegistrationFailed("The sign-in server wants this program to prove itself by a key.")
    return str(method)


def _refusal(reply: Reply) -> Exception:
    if is_temporary(reply.status):
        return ServerUnreachable(
            f"The sign-in server is not able to register programs now (HTTP {reply.status})."
        )
    code = error_code(reply)
    if code == "invalid_redirect_uri":
        return RedirectRefused()
    reason = error_text(reply) or code or f"HTTP {reply.status}"
    return RegistrationFailed(f"The sign-in server did not register this program: {reason}")
