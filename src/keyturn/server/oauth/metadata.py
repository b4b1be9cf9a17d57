"""What the server says of itself: RFC 8414 metadata and its public keys. Only what exists."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keyturn.server.keys.service import ID_TOKENS, OAUTH
from keyturn.server.oauth.clients import METHODS
from keyturn.server.oauth.openid import openid_metadata
from keyturn.server.oauth.rules import LONGEST_WAIT_SECONDS
from keyturn.server.oauth.token import GRANTS
from keyturn.server.oauth.wire import Answer
from keyturn.server.projects.rules import NATIVE_SCOPES
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.oauth.call import Call

WELL_KNOWN = "/.well-known/oauth-authorization-server"
REGISTRATION_PATH = "/oauth/register"


def document(issuer: str) -> dict[str, Any]:
    """Return the metadata of an issuer (RFC 8414 section 2)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": list(NATIVE_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_methods_supported": list(METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,  # RFC 9207
        "keyturn_ack_endpoint": f"{issuer}/oauth/ack",
        "keyturn_prefer_wait_max": LONGEST_WAIT_SECONDS,
        "keyturn_sessions_page": f"{issuer}/sessions",
        **openid_metadata(),
    }


def inserted_path(issuer: str) -> str:
    """Return where the metadata of an issuer with a path lives (RFC 8414 section 3.1)."""
    return WELL_KNOWN + urlsplit(issuer).path.rstrip("/")


async def metadata(call: Call) -> Answer:
    """``GET /.well-known/oauth-authorization-server``: where everything is (RFC 8414)."""
    found = document(call.services.settings.issuer)
    if await call.services.projects.take_registrations():
        found["registration_endpoint"] = f"{found['issuer']}{REGISTRATION_PATH}"
    return Answer(found, headers=cached_for(300))


async def openid_configuration(call: Call) -> Answer:
    """``GET /.well-known/openid-configuration``: the same, where OpenID clients look for it.

    It lives below an issuer's path (OpenID Connect Discovery section 4), so a host that mounts the
    server needs nothing at its root.
    """
    return await metadata(call)


async def jwks(call: Call) -> Answer:
    """``GET /oauth/jwks``: the keys that access and ID tokens verify with (RFC 7517 section 5).

    The first to ask has the keys of ID tokens made, so that nobody has a key set without them.
    """
    published = (await call.services.keys.of(OAUTH)).jwks()
    # On a disk that takes nothing no such key can be made, and none that is missing has signed.
    with suppress(StorageUnavailable):
        published += (await call.services.keys.of(ID_TOKENS)).jwks()
    return Answer({"keys": published}, headers=cached_for(3600))


def cached_for(seconds: int) -> dict[str, str]:
    """Return the headers of an answer that anybody may keep."""
    return {"Cache-Control": f"public, max-age={seconds}"}
