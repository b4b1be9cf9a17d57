"""What a protected resource says of itself (RFC 9728), and its challenges (RFC 6750). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedResource:
    """An API that takes access tokens of one issuer.

    Attributes:
        uri: Its identifier: an http(s) address without fragment, as it stands in ``aud``.
        issuer: The authorization server, exactly as its metadata names it.
        scopes: What a program may ask for.
        display_name: What people read.
    """

    uri: str
    issuer: str
    scopes: tuple[str, ...] = ()
    display_name: str | None = None

    @property
    def metadata_path(self) -> str:
        """Where the document lives: the well-known part before the path (section 3.1)."""
        parts = urlsplit(self.uri)
        return WELL_KNOWN + parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")

    @property
    def metadata_url(self) -> str:
        """The document's address."""
        parts = urlsplit(self.uri)
        return f"{parts.scheme}://{parts.netloc}{self.metadata_path}"

    def document(self) -> dict[str, Any]:
        """Return the metadata (section 2)."""
        found: dict[str, Any] = {
            "resource": self.uri,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
        }
        if self.scopes:
            found["scopes_supported"] = list(self.scopes)
        if self.display_name:
            found["resource_name"] = self.display_name
        return found

    def challenge(self, error: str | None = None, *, scope: str | None = None) -> str:
        """Return a WWW-Authenticate value (RFC 6750 section 3, RFC 9728 section 5.1).

        Args:
            error: ``None`` where no token was presented: then there is nothing to complain of.
            scope: What the request needs.
        """
        members = {"error": error, "scope": scope, "resource_metadata": self.metadata_url}
        given = ", ".join(f'{name}="{value}"' for name, value in members.items() if value)
        return f"Bearer {given}"
