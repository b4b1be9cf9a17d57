"""Which resources access tokens are made for (RFC 8707): this issuer itself, and those declared.

A token is good at one resource only, so an API that is given one cannot use it at another. What was
granted may name several; each token request picks one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Client


class UnknownResource(Exception):
    """Not a resource of the client's project, not one that was granted, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An API that takes this server's access tokens.

    Attributes:
        uri: Its identifier, which stands in ``aud``.
        project_id: Whose people it serves; ``None``: everybody's, which is this issuer alone.
        display_name: What people and programs read.
        scopes: What its scopes allow, in words that follow "NAME can".
    """

    uri: str
    project_id: str | None
    display_name: str
    scopes: Mapping[str, str] = field(default_factory=dict)


class Resources:
    """Finds declared resources, and picks those that a client may have tokens for."""

    def __init__(self, declared: Iterable[Resource], *, issuer: str, site_name: str) -> None:
        self._issuer = issuer
        own = Resource(uri=issuer, project_id=None, display_name=site_name)
        self._known = {_key(found.uri): found for found in (*declared, own)}

    def find(self, uri: str) -> Resource | None:
        """Return a resource by its identifier."""
        return self._known.get(_key(uri))

    def granted(self, asked: tuple[str, ...], client: Client) -> tuple[str, ...]:
        """Return what an authorization is for; nothing asked for: this issuer, unsaid.

        Raises:
            UnknownResource: one of them is not of the client's project.
        """
        return tuple(dict.fromkeys(self._of(uri, client).uri for uri in asked))

    def audience(self, granted: str | None, asked: tuple[str, ...], client: Client) -> str:
        """Return the audience of one access token: what is asked for, else the first granted.

        Args:
            granted: Identifiers, a space between them; ``None``: this issuer.
            asked: What the token request names.
            client: Whose token it will be.

        Raises:
            UnknownResource: several are asked for, one that was not granted, or one that is
                not declared any more.
        """
        held = (granted or self._issuer).split(" ")
        if len(asked) > 1:
            raise UnknownResource
        found = self._of(asked[0] if asked else held[0], client).uri
        if found not in held:
            raise UnknownResource
        return found

    def words(self, project_id: str) -> dict[str, str]:
        """Return what the scopes of a project's resources allow, in words."""
        found: dict[str, str] = {}
        for resource in self._known.values():
            if resource.project_id == project_id:
                found |= resource.scopes
        return found

    def _of(self, uri: str, client: Client) -> Resource:
        found = self.find(uri)
        if found is None or found.project_id not in (None, client.project_id):
            raise UnknownResource
        return found


def resource_problem(uri: str) -> str | None:
    """Say why ``uri`` cannot name a resource, or ``None`` (RFC 8707 section 2, RFC 9728 1.2)."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return f"{uri!r} is not a URI"
    if any(not "!" <= c <= "~" for c in uri) or "#" in uri or "@" in parts.netloc or '"' in uri:
        return f"{uri!r} has a fragment, user or characters that a resource may not have"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{uri!r} is not an http(s) address"
    return None


def _key(uri: str) -> str:
    # "https://host" and "https://host/" are one address (RFC 3986 section 6.2.3), and many
    # libraries write the second where the first was meant. Nothing else is normalised.
    if uri.count("/") == 2 and "?" not in uri:
        return uri + "/"
    return uri
