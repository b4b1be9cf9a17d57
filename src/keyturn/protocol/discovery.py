"""Finding an authorization server's endpoints (RFC 8414, with OpenID Connect Discovery behind it).

The metadata is believed only when it names exactly the issuer it was asked for, and only for
endpoints as well protected as the issuer itself: otherwise whoever can answer one request in the
clear could have every later token sent to himself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keyturn.protocol.errors import UnexpectedReply
from keyturn.protocol.jwt import finite_number
from keyturn.protocol.tokens import Endpoints
from keyturn.protocol.wire import Request, Steps, host_of, is_loopback, send, unexpected

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply

_WELL_KNOWN = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a client needs of a server's metadata (RFC 8414 section 2); ``None``: not offered.

    Attributes:
        issuer: Byte for byte what was asked for.
        iss_in_callback: Authorization responses carry ``iss`` (RFC 9207 section 3).
        challenge_methods: The PKCE methods named; ``None``: the server is silent.
        hold_seconds: How long the server holds a device token poll on ``Prefer: wait``; 0: not.
        registration: Where programs register themselves (RFC 7591).
        jwks: Where the keys are that ID tokens are signed with.
        grant_types, auth_methods: What the token endpoint takes; ``None``: the server is silent.
    """

    issuer: str
    authorization: str | None
    token: str
    device_authorization: str | None
    revocation: str | None
    userinfo: str | None
    introspection: str | None
    ack: str | None
    sessions_page: str | None
    iss_in_callback: bool
    challenge_methods: tuple[str, ...] | None
    hold_seconds: float
    scopes: tuple[str, ...] = field(default=())
    registration: str | None = None
    jwks: str | None = None
    grant_types: tuple[str, ...] | None = None
    auth_methods: tuple[str, ...] | None = None

    @property
    def endpoints(self) -> Endpoints:
        """The part that is kept with a session, so that a refresh needs no discovery."""
        return Endpoints(
            token=self.token,
            revocation=self.revocation,
            userinfo=self.userinfo,
            ack=self.ack,
            sessions_page=self.sessions_page,
        )


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Return where an issuer's metadata may live, best first.

    RFC 8414 section 3.1 puts the well-known part between host and path; OpenID Connect Discovery
    section 4 puts it behind the path.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"{origin}{_WELL_KNOWN}{path}", f"{origin}{path}{_OPENID}"


def discover(issuer: str) -> Steps[Metadata]:
    """Fetch and check the metadata of ``issuer``.

    Raises:
        UnexpectedReply: neither document is there, or it fails a check of ``read_metadata``.
        ServerUnreachable: the server did not answer.
    """
    first, second = metadata_urls(issuer)
    reply = yield from send(_get(first))
    if reply.status in (401, 403, 404, 405) or _is_a_page(reply):
        reply = yield from send(_get(second))
    return read_metadata(reply, issuer=issuer)


def read_metadata(reply: Reply, *, issuer: str) -> Metadata:
    """Read a metadata document (RFC 8414 section 3.2).

    Raises:
        UnexpectedReply: not a document, another issuer's (section 3.3), without a token endpoint,
            or with an endpoint that is less protected than the issuer.
    """
    if reply.status != 200:
        raise UnexpectedReply(
            f"{host_of(issuer)} shows no sign-in server there (HTTP {reply.status})"
        )
    document = reply.json_object()
    if document.get("issuer") != issuer:
        raise unexpected(reply, "the metadata belongs to another issuer")
    token = _endpoint(document, "token_endpoint", reply, issuer)
    if token is None:
        raise unexpected(reply, "the metadata names no token endpoint")
    return Metadata(
        issuer=issuer,
        token=token,
        authorization=_endpoint(document, "authorization_endpoint", reply, issuer),
        device_authorization=_endpoint(document, "device_authorization_endpoint", reply, issuer),
        revocation=_endpoint(document, "revocation_endpoint", reply, issuer),
        userinfo=_endpoint(document, "userinfo_endpoint", reply, issuer),
        introspection=_endpoint(document, "introspection_endpoint", reply, issuer),
        ack=_endpoint(document, "keyturn_ack_endpoint", reply, issuer),
        sessions_page=_endpoint(document, "keyturn_sessions_page", reply, issuer),
        iss_in_callback=document.get("authorization_response_iss_parameter_supported") is True,
        challenge_methods=_names(document.get("code_challenge_methods_supported")),
        hold_seconds=finite_number(document.get("keyturn_prefer_wait_max")) or 0.0,
        scopes=_names(document.get("scopes_supported")) or (),
        registration=_endpoint(document, "registration_endpoint", reply, issuer),
        jwks=_endpoint(document, "jwks_uri", reply, issuer),
        grant_types=_names(document.get("grant_types_supported")),
        auth_methods=_names(document.get("token_endpoint_auth_methods_supported")),
    )


def _is_a_page(reply: Reply) -> bool:
    """Say whether a web application answered, as some do for every path they do not know."""
    kind = reply.headers.get("content-type", "")
    return reply.status == 200 and kind.startswith("text/html")


def _get(url: str) -> Request:
    return Request(method="GET", url=url, headers={"Accept": "application/json"})


def _endpoint(document: dict[str, Any], name: str, reply: Reply, issuer: str) -> str | None:
    url = document.get(name)
    if url is None:
        return None
    if not isinstance(url, str) or not _is_sound(url):
        raise unexpected(reply, f"{name} is no http(s) address")
    if not (url.startswith("https:") or is_loopback(urlsplit(issuer).hostname or "")):
        raise unexpected(reply, f"{name} is not protected by TLS")
    return url


def _is_sound(url: str) -> bool:
    if not all("!" <= c <= "~" for c in url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(name for name in value if isinstance(name, str))
