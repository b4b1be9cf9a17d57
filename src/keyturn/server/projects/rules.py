"""What a project is, what an OAuth client may do, and where each may send people. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from keyturn.server.projects.providers import Provider

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
NATIVE_GRANTS = ("authorization_code", "refresh_token", DEVICE_GRANT)
NATIVE_SCOPES = ("openid", "profile", "email", "offline_access")
NATIVE_REDIRECTS = ("http://127.0.0.1/callback", "http://[::1]/callback")
ID_TOKEN_ALGORITHMS = ("RS256", "ES256")
# A redirect URI with one of these would make two of it in every answer, and its reader choose.
_ANSWERED = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """What an operator chose for one project. Stored as JSON; unknown members are dropped."""

    sign_up_enabled: bool = True
    credential_enabled: bool = True
    magic_link_enabled: bool = True
    verify_email_on_sign_up: bool = False
    passkey_enabled: bool = False
    client_team_creation_enabled: bool = False
    client_user_deletion_enabled: bool = False
    allow_user_api_keys: bool = False
    allow_team_api_keys: bool = False
    create_team_on_sign_up: bool = False
    allow_localhost: bool = True
    publishable_client_key_required: bool = False
    registration: str = "off"
    description: str = ""
    owner_team_id: str | None = None
    administers_projects: bool = False
    data_vault_stores: tuple[str, ...] = ()
    payments: dict[str, Any] = field(default_factory=dict)
    team_creator_default_permissions: tuple[str, ...] = ("team_admin",)
    team_member_default_permissions: tuple[str, ...] = ("team_member",)
    user_default_permissions: tuple[str, ...] = ()
    longest_password: int = 70
    trusted_domains: tuple[str, ...] = ()
    urls: dict[str, str] = field(default_factory=dict)
    templates: str | None = None
    help_url: str | None = None
    oauth_providers: tuple[Provider, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> ProjectConfig:
        """Read what ``as_json`` wrote, by this version or another."""
        known = {f.name for f in fields(cls)}
        found = {k: v for k, v in json.loads(text).items() if k in known}
        for name, value in found.items():
            if isinstance(value, list):
                found[name] = tuple(value)
        providers = found.pop("oauth_providers", ())
        return cls(**found, oauth_providers=tuple(map(Provider.from_json, providers)))

    def as_json(self) -> str:
        """Return the stored form."""
        return json.dumps(asdict(self))

    def provider(self, provider_id: str) -> Provider | None:
        """Return a provider that people may come from."""
        return next((one for one in self.oauth_providers if one.id == provider_id), None)

    def with_permission_renamed(self, permission_id: str, new_id: str | None) -> ProjectConfig:
        """Return it with a permission under another id, or (``None``) granted to nobody."""

        def renamed(ids: tuple[str, ...]) -> tuple[str, ...]:
            found = (new_id if one == permission_id else one for one in ids)
            return tuple(one for one in found if one is not None)

        return replace(
            self,
            team_creator_default_permissions=renamed(self.team_creator_default_permissions),
            team_member_default_permissions=renamed(self.team_member_default_permissions),
            user_default_permissions=renamed(self.user_default_permissions),
        )


@lru_cache(maxsize=64)
def _config(text: str) -> ProjectConfig:
    # Every request reads its project, and the text seldom changes.
    return ProjectConfig.from_json(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One tenant: its users, keys and clients are its own."""

    id: str
    display_name: str
    config: ProjectConfig
    created_at: int
    declared: bool = False

    @classmethod
    def from_row(cls, row: Row) -> Project:
        """Read one row of ``project``."""
        return cls(
            id=row["id"],
            display_name=row["display_name"],
            config=_config(row["config"]),
            created_at=row["created_at"],
            declared=bool(row["declared"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program registered with this server (RFC 6749 section 2)."""

    id: str
    project_id: str
    display_name: str
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    auth_method: str
    secret_hash: bytes | None = field(default=None, repr=False)
    vetted: bool = True
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_row(cls, row: Row) -> Client:
        """Read one row of ``oauth_client``."""
        return cls(
            id=row["id"],
            project_id=row["project_id"],
            display_name=row["display_name"],
            redirect_uris=tuple(json.loads(row["redirect_uris"])),
            grants=tuple(json.loads(row["grants"])),
            scopes=tuple(json.loads(row["scopes"])),
            auth_method=row["auth_method"],
            secret_hash=row["secret_hash"],
            vetted=bool(row["vetted"]),
            details=json.loads(row["details"]),
        )

    @property
    def is_public(self) -> bool:
        """Say whether the client keeps no secret (RFC 6749 section 2.1)."""
        return self.auth_method == "none"

    @property
    def scope_words(self) -> dict[str, str]:
        """What its own scopes allow, in words an operator wrote; never a stranger's words."""
        return dict(self.details.get("scope_words", {})) if self.vetted else {}

    @property
    def id_token_alg(self) -> str:
        """How its ID tokens are signed: RS256 unless it takes ES256 (OpenID Registration 2)."""
        return str(self.details.get("id_token_signed_response_alg", ID_TOKEN_ALGORITHMS[0]))

    @property
    def default_max_age(self) -> int | None:
        """The ``max_age`` of its requests that name none. Seconds."""
        found: int | None = self.details.get("default_max_age")
        return found

    @property
    def require_auth_time(self) -> bool:
        """Whether its ID tokens must say when the person signed in."""
        return bool(self.details.get("require_auth_time", False))

    def may(self, grant: str) -> bool:
        """Say whether the client was registered for ``grant``."""
        return grant in self.grants


def redirect_problem(uri: str) -> str | None:
    """Say why ``uri`` may not be registered as a redirect URI, or ``None`` if it may.

    Codes travel to https, to this computer, or to an app's own scheme, which is a reversed domain
    name (RFC 8252 sections 7.1 to 7.3); plain http elsewhere would show them to every router.
    """
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return f"{uri!r} is not a URI"
    if "#" in uri or any(ord(c) <= 0x20 or ord(c) >= 0x7F for c in uri):
        return f"{uri!r} has a fragment or characters that a URI may not have"
    if not _ANSWERED.isdisjoint(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return f"{uri!r} has a parameter in its query that answers carry"
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http":
        return None if host in LOOPBACK_HOSTS else f"{uri!r} is http, but not on this computer"
    return (
        None if "." in parts.scheme else f"{uri!r} is neither https, loopback nor an app's scheme"
    )


def redirect_matches(registered: str, asked: str) -> bool:
    """Compare redirect URIs: exactly, but for the port of a loopback URI (RFC 8252 section 7.3)."""
    if registered == asked:
        return True
    try:
        ours, theirs = urlsplit(registered), urlsplit(asked)
        port = theirs.port
    except ValueError:
        return False
    if ours.scheme != "http" or ours.hostname not in LOOPBACK_HOSTS or not port:
        return False
    host = f"[{ours.hostname}]" if ":" in ours.hostname else ours.hostname
    # Rebuilt from the registered parts, so nothing hidden in the asked URI can slip through.
    tail = ours.path + (f"?{ours.query}" if ours.query else "")
    return asked == f"http://{host}:{port}{tail}"


def allowed_redirect(client: Client, asked: str) -> bool:
    """Say whether ``asked`` is one of the client's redirect URIs (RFC 9700 section 4.1.3)."""
    return "#" not in asked and any(redirect_matches(r, asked) for r in client.redirect_uris)


def is_trusted_url(config: ProjectConfig, url: str, *, base_url: str) -> bool:
    """Say whether a project lets people be sent to ``url``: a trusted origin, whatever its path.

    Compared are parsed origins, never beginnings of text. Characters that browsers drop or turn
    around (backslash, tab, newline) are refused before anything is parsed.
    """
    origin = web_origin(url)
    if origin is None:
        return False
    trusted = {web_origin(domain) for domain in config.trusted_domains} | {web_origin(base_url)}
    return origin in trusted or (config.allow_localhost and origin[1] in LOOPBACK_HOSTS)


def web_origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an http(s) address, or ``None`` if it is not plainly one."""
    if "\\" in url or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)
