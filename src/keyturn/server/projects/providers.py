"""The other sign-in servers that a project lets people come from, as its operator says. Pure.

This server is their OAuth client. What differs between them is data: the well-known ones are rows
of a table, every other is named by its issuer (OpenID Connect Discovery) or by its endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal
from urllib.parse import urlsplit

Type = Literal["google", "microsoft", "github", "openid", "oauth2"]
OPENID_SCOPES = ("openid", "email", "profile")
# Microsoft's own accounts. Its "common" address answers with an issuer that differs from tenant to
# tenant, which no exact comparison survives.
MICROSOFT_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_ISSUERS = {
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com/{tenant}/v2.0",
}
_GITHUB = {
    "authorization_endpoint": "https://github.com/login/oauth/authorize",
    "token_endpoint": "https://github.com/login/oauth/access_token",
    "userinfo_endpoint": "https://api.github.com/user",
    "emails_endpoint": "https://api.github.com/user/emails",
}
_GITHUB_SCOPES = ("read:user", "user:email")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "emails_endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider of one project. Part of the project's stored configuration.

    Attributes:
        id: How clients name it, in lower case.
        type: What published clients are told it is.
        client_id: This server's at the provider.
        client_secret_sealed: Its secret, sealed under the server's own; hexadecimal.
        scopes: What is asked for always.
        issuer: Where its metadata is; ``None``: the endpoints below are all there is.
        emails_endpoint: Where it lists addresses with their verification, if not in its userinfo.
        unsafe_allow_private_addresses: Whether it may be on this computer or network.
    """

    id: str
    type: Type
    client_id: str
    client_secret_sealed: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = OPENID_SCOPES
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    emails_endpoint: str | None = None
    unsafe_allow_private_addresses: bool = False

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Provider:
        """Read what ``asdict`` wrote, by this version or another."""
        known = {f.name for f in fields(cls)}
        found = {name: value for name, value in stored.items() if name in known}
        return cls(**{**found, "scopes": tuple(found.get("scopes", OPENID_SCOPES))})


def seal_context(project_id: str, provider_id: str) -> str:
    """Return what a provider's secret is bound to: nobody moves it to another provider."""
    return f"{project_id} {provider_id}"


def preset(type_: Type, *, tenant: str | None) -> dict[str, Any]:
    """Return what is known beforehand of a provider of this type."""
    if type_ == "github":
        return {**_GITHUB, "scopes": _GITHUB_SCOPES}
    if type_ in _ISSUERS:
        return {"issuer": _ISSUERS[type_].format(tenant=tenant or MICROSOFT_CONSUMERS)}
    return {}


def address_problem(url: str, *, may_have_query: bool = False) -> str | None:
    """Say why codes and tokens may not travel to ``url``, or ``None`` if they may.

    That is https, or plain http on this computer for development.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return f"{url!r} is not a URL"
    if not host or "@" in parts.netloc or parts.fragment or not url.isprintable() or " " in url:
        return f"{url!r} is not an address of the web"
    if parts.query and not may_have_query:
        return f"{url!r} has a query"
    at_home = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
    return None if parts.scheme == "https" or at_home else f"{url!r} is not https"
