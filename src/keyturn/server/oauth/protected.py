"""What this server's own API says of itself, and declared APIs at its address (RFC 9728)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.metadata import cached_for
from keyturn.server.oauth.wire import Answer
from keyturn.server.projects.rules import NATIVE_SCOPES
from keyturn.server.resource.metadata import WELL_KNOWN, ProtectedResource

if TYPE_CHECKING:
    from keyturn.server.oauth.call import Call
    from keyturn.server.services import Services
    from keyturn.server.settings import Settings


def own_resource(services: Services) -> ProtectedResource:
    """Return this server's own API: userinfo and acknowledgement."""
    return ProtectedResource(
        uri=services.settings.issuer,
        issuer=services.settings.issuer,
        scopes=NATIVE_SCOPES,
        display_name=services.settings.site_name,
    )


def well_known_paths(settings: Settings) -> set[str]:
    """Return where the documents of all APIs at the issuer's scheme and host live."""
    uris = [settings.issuer, *(declared.uri for declared in settings.resources)]
    origin = urlsplit(settings.issuer)[:2]
    here = [uri for uri in uris if urlsplit(uri)[:2] == origin]
    return {ProtectedResource(uri=uri, issuer=settings.issuer).metadata_path for uri in here}


async def protected_resource(call: Call) -> Answer:
    """``GET /.well-known/oauth-protected-resource``: where to get tokens for this API."""
    return Answer(own_resource(call.services).document(), headers=cached_for(300))


async def protected_resource_of_a_path(call: Call) -> Answer:
    """Answer for an API with a path, below this server's own scheme and host (section 3.1)."""
    services = call.services
    parts = urlsplit(services.settings.issuer)
    asked = f"/{call.path_part('path')}"
    uri = f"{parts.scheme}://{parts.netloc}{asked}"
    found = services.resources.find(uri)
    if found is None:
        raise Refused("invalid_request", "no resource of that path", 404)
    if found.project_id is None:
        return await protected_resource(call)
    told = ProtectedResource(
        uri=found.uri,
        issuer=services.settings.issuer,
        scopes=tuple(found.scopes),
        display_name=found.display_name,
    )
    return Answer(told.document(), headers=cached_for(300))


__all__ = [
    "WELL_KNOWN",
    "own_resource",
    "protected_resource",
    "protected_resource_of_a_path",
    "well_known_paths",
]
