"""What a program may say of itself when it registers, and what it gets (RFC 7591 section 2). Pure.

Metadata is a stranger's word. What this server does not know is left out of the answer, which is
how a client learns of it; what it knows and cannot honour is refused with a constant sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from keyturn.protocol.display import printable
from keyturn.server.oauth.clients import METHODS
from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.rules import LONGEST_REDIRECT_URI
from keyturn.server.projects.rules import (
    ID_TOKEN_ALGORITHMS,
    NATIVE_GRANTS,
    Client,
    redirect_problem,
)

MOST_VALUES = 16
LONGEST_NAME = 64
LONGEST_VALUE = 1024
MOST_CONTACTS = 8
UNNAMED = "A program without a name"

# These are kept for the answer and nothing else: none is shown, none is ever fetched.
_TEXTS = ("software_id", "software_version")
_PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
# These count (OpenID Connect Registration section 2); ``Client`` reads them.
_OPENID = ("id_token_signed_response_alg", "default_max_age", "require_auth_time")
KEPT = (*_TEXTS, *_PAGES, "contacts", *_OPENID)
# Only the server says these; an update that carries one is malformed (RFC 7592 section 2.2).
_SERVERS_OWN = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a program asked for, as far as it is granted."""

    display_name: str
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_method: str
    details: Mapping[str, Any]

    def client(self, client_id: str, project_id: str, *, secret_hash: bytes | None) -> Client:
        """Return the client; its name is its own claim, so it is not vetted."""
        return Client(
            id=client_id,
            project_id=project_id,
            display_name=self.display_name,
            redirect_uris=self.redirect_uris,
            grants=self.grants,
            scopes=self.scopes,
            auth_method=self.auth_method,
            secret_hash=secret_hash,
            vetted=False,
            details=dict(self.details),
        )


def read_metadata(sent: Mapping[str, Any], *, scopes: Sequence[str]) -> Metadata:
    """Return what is granted of the metadata sent; empty and null members count as absent.

    Args:
        sent: The JSON object.
        scopes: What clients of the project may ask people for.

    Raises:
        Refused: ``invalid_redirect_uri``, ``invalid_client_metadata`` or
            ``unapproved_software_statement`` (section 3.2.2).
    """
    asked = {name: value for name, value in sent.items() if value not in (None, "", [])}
    if "software_statement" in asked:
        raise Refused(
            "unapproved_software_statement", "this server takes nobody's software statements"
        )
    grants = _grants(asked)
    return Metadata(
        display_name=printable(_text(asked, "client_name") or "", limit=LONGEST_NAME) or UNNAMED,
        redirect_uris=_redirect_uris(asked, needed="authorization_code" in grants),
        grants=grants,
        scopes=_scopes(asked, scopes),
        auth_method=_auth_method(asked),
        details=_details(asked),
    )


def check_update(sent: Mapping[str, Any], client: Client) -> None:
    """Check what only an update must keep to (RFC 7592 section 2.2).

    Raises:
        Refused: ``invalid_client_metadata``.
    """
    if sent.get("client_id") != client.id:
        _bad("the client_id must be the one of this registration")
    if any(name in sent for name in _SERVERS_OWN):
        _bad("an update holds a member that only the server may say")


def described(client: Client) -> dict[str, Any]:
    """Return what is registered, as every answer says it (RFC 7591 section 3.2.1). No secrets."""
    answer: dict[str, Any] = {
        "client_id": client.id,
        "client_name": client.display_name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grants),
        "response_types": ["code"] if client.may("authorization_code") else [],
        "scope": " ".join(client.scopes),
        "token_endpoint_auth_method": client.auth_method,
    }
    return answer | {name: client.details[name] for name in KEPT if name in client.details}


def redirect_uri_is_safe(uri: str) -> bool:
    """Say whether a stranger may register ``uri``.

    The rules of declared clients, and nothing that shows people one host and leads to another:
    no user before the host, no backslash, one spelling of scheme, host and port.
    """
    if len(uri) > LONGEST_REDIRECT_URI or "\\" in uri or redirect_problem(uri) is not None:
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        # An app's own scheme has a path and no host (RFC 8252 section 7.1).
        return uri.startswith(f"{parts.scheme}:/") and not parts.netloc
    host = parts.hostname or ""
    plain = f"[{host}]" if ":" in host else host
    # In the one spelling that every reader takes for the same: lower case, no user, a port or none.
    return (
        port != 0
        and uri.startswith(f"{parts.scheme}://")
        and parts.netloc == (plain if port is None else f"{plain}:{port}")
    )


def _redirect_uris(asked: Mapping[str, Any], *, needed: bool) -> tuple[str, ...]:
    uris = asked.get("redirect_uris", [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise _bad_redirect("redirect_uris must be a list of text")
    if needed and not uris:
        raise _bad_redirect("authorization codes need at least one redirect URI")
    if len(uris) > MOST_VALUES:
        raise _bad_redirect("more redirect URIs than this server keeps")
    if not all(map(redirect_uri_is_safe, uris)):
        raise _bad_redirect(
            "a redirect URI must be https, http on loopback, or of an app's own reversed-domain"
            " scheme, without user, fragment or backslash"
        )
    return _once(uris)


def _grants(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the grants this server has out of those asked for (section 2: it may replace)."""
    wanted = _texts(asked, "grant_types") or ["authorization_code"]
    granted = tuple(grant for grant in NATIVE_GRANTS if grant in wanted)
    if not set(granted) - {"refresh_token"}:
        _bad("none of the grant_types signs anybody in here")
    answers = _texts(asked, "response_types") or ["code"]
    if "authorization_code" in granted and "code" not in answers:
        _bad("the grant authorization_code needs the response type code")
    return granted


def _scopes(asked: Mapping[str, Any], allowed: Sequence[str]) -> tuple[str, ...]:
    wanted = (_text(asked, "scope") or " ".join(allowed)).split(" ")
    granted = tuple(scope for scope in allowed if scope in wanted)
    if not granted:
        _bad("none of the scopes exists here")
    return granted


def _auth_method(asked: Mapping[str, Any]) -> str:
    # Absent means Basic (section 2), so a program without a secret has to say so.
    method = _text(asked, "token_endpoint_auth_method") or "client_secret_basic"
    if method not in METHODS:
        _bad("the token_endpoint_auth_method must be none or a client secret")
    return method


def _details(asked: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _TEXTS:
        if text := _text(asked, name):
            found[name] = text
    for name in _PAGES:
        if text := _text(asked, name):
            found[name] = _page(text)
    if contacts := _texts(asked, "contacts"):
        found["contacts"] = contacts[:MOST_CONTACTS]
    return found | _openid(asked)


def _openid(asked: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: asked[name] for name in _OPENID if name in asked}
    if found.get(_OPENID[0], ID_TOKEN_ALGORITHMS[0]) not in ID_TOKEN_ALGORITHMS:
        _bad("this server does not sign ID tokens like that")
    longest = found.get("default_max_age", 0)
    if isinstance(longest, bool) or not isinstance(longest, int) or not 0 <= longest < 2**31:
        _bad("default_max_age must be a number of seconds")
    if not isinstance(found.get("require_auth_time", False), bool):
        _bad("require_auth_time must be true or false")
    if asked.get("subject_type", "public") != "public":
        _bad("this server tells all programs the same subject")
    return found


def _page(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        _bad("a page's address is not a URI")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        _bad("a page's address must be http or https")
    return text


def _text(asked: Mapping[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST_VALUE):
        _bad("a member that should be text is not, or is too long")
    return value


def _texts(asked: Mapping[str, Any], name: str) -> list[str]:
    values = asked.get(name, [])
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        _bad("a member that should be a list is not, or is too long")
    if not all(isinstance(value, str) and len(value) <= LONGEST_VALUE for value in values):
        _bad("a list holds something that is not text, or is too long")
    return values


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _bad(description: str) -> NoReturn:
    raise Refused("invalid_client_metadata", description)


def _bad_redirect(description: str) -> Refused:
    return Refused("invalid_redirect_uri", description)
