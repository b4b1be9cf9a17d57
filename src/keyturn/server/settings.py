"""Every setting of the server: the command line, ``KEYTURN_*`` variables, or a TOML file.

The command line wins over the environment, the environment over the file. Unknown variables are
ignored (others share the environment); unknown members of the file are refused (they are typos).
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from keyturn.server.mail.message import sender_of
from keyturn.server.oauth.resources import Resource, resource_problem
from keyturn.server.operating.address import address_of
from keyturn.server.projects.rules import (
    NATIVE_GRANTS,
    NATIVE_REDIRECTS,
    NATIVE_SCOPES,
    Client,
    ProjectConfig,
    redirect_problem,
)

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

ScopeWords = Annotated[str, Field(min_length=1, max_length=160)]

SHORTEST_INITIAL_ACCESS_TOKEN = 20
PREFIX = "KEYTURN_"
DEFAULT_PORT = 8102


class SettingsProblem(Exception):
    """A setting is wrong. The text names it and says what it accepts."""


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class ProjectUrls(_Strict):
    """Pages of a project's own."""

    cli_auth_confirm: str | None = None

    @field_validator("cli_auth_confirm")
    @classmethod
    def _is_a_page(cls, value: str | None) -> str | None:
        parts = urlsplit(value) if value is not None else None
        if parts is not None and (
            parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment
        ):
            raise ValueError("must be an http(s) URL without fragment")
        return value

    """The project's own page that approves CLI sign-ins of the Stack-compatible API."""


class ProjectDeclaration(_Strict):
    """One ``[[projects]]`` table."""

    id: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")]
    """Fixed; programs name the project by it."""
    display_name: str
    """What people read on the pages."""
    publishable_client_key: SecretStr | None = None
    """Key of programs and browsers; no secret. Stored as a hash."""
    secret_server_key: SecretStr | None = None
    """Key of the project's own servers. Stored as a hash."""
    super_secret_admin_key: SecretStr | None = None
    """Key of its administrators. Stored as a hash."""
    sign_up_enabled: bool = True
    """Whether strangers may make an account."""
    credential_enabled: bool = True
    """Whether people sign in with a password."""
    magic_link_enabled: bool = True
    """Whether people sign in with a link sent by mail."""
    passkey_enabled: bool = False
    """What clients are told; the pages offer no passkeys yet."""
    client_team_creation_enabled: bool = False
    """Whether people may create teams, not only servers."""
    client_user_deletion_enabled: bool = False
    """Whether people may delete their account."""
    allow_user_api_keys: bool = False
    """What clients are told; there are no API keys yet."""
    allow_team_api_keys: bool = False
    """What clients are told; there are no API keys yet."""
    create_team_on_sign_up: bool = False
    """Whether everybody gets a team of their own at sign-up."""
    allow_localhost: bool = True
    """Whether pages may lead back to this computer; turn off in production."""
    publishable_client_key_required: bool = False
    """Whether requests with client access must carry the publishable key."""
    registration: Literal["off", "token", "open"] = "off"
    """Whether programs may register themselves: with the initial access token, or all of them."""
    initial_access_token: (
        Annotated[SecretStr, Field(min_length=SHORTEST_INITIAL_ACCESS_TOKEN)] | None
    ) = None
    """What lets a program register; at least 20 characters. Stored as a hash."""
    longest_password: Annotated[int, Field(ge=8, le=1024)] = 70
    """In characters, up to 1024."""
    trusted_domains: tuple[str, ...] = ()
    """Origins that pages and mails may lead to."""
    templates: str | None = None
    """Folder with brand.css, a logo and templates for this project's pages."""
    help_url: str | None = None
    """Where the pages send people who need help."""
    urls: ProjectUrls = ProjectUrls()
    """Pages of the project's own; `cli_auth_confirm` is the one there is."""

    @model_validator(mode="after")
    def _registering_needs_a_token_where_it_says_so(self) -> ProjectDeclaration:
        if self.registration == "token" and self.initial_access_token is None:
            raise ValueError("registration = 'token' needs an initial_access_token")
        if self.registration == "off" and self.initial_access_token is not None:
            raise ValueError("there is an initial_access_token, but registration is off")
        return self

    def config(self) -> ProjectConfig:
        """Return the part of the declaration that is stored as the project's configuration."""
        names = ProjectConfig.__dataclass_fields__.keys() - {"urls"}
        return ProjectConfig(
            urls=self.urls.model_dump(exclude_none=True), **{n: getattr(self, n) for n in names}
        )


class ClientDeclaration(_Strict):
    """One ``[[clients]]`` table."""

    id: Annotated[str, Field(min_length=1, max_length=128)]
    """What the program sends as client_id."""
    project: str
    """Id of the project whose people it signs in."""
    display_name: str | None = None
    """What people read on the pages; the id if unset."""
    redirect_uris: tuple[str, ...] = NATIVE_REDIRECTS
    """Where the browser may go back to; any port on loopback."""
    grants: tuple[str, ...] = NATIVE_GRANTS
    """What it may do at the token endpoint."""
    scopes: tuple[str, ...] = NATIVE_SCOPES
    """What it may ask for."""
    scope_words: dict[str, ScopeWords] = {}
    """What its scopes allow, in words that follow "NAME can"; they win over a resource's."""
    secret: SecretStr | None = None
    """Only for programs that can keep one. Stored as a hash."""
    id_token_signed_response_alg: Literal["RS256", "ES256"] = "RS256"  # noqa: S105
    """How its ID tokens are signed."""
    default_max_age: Annotated[int, Field(ge=0)] | None = None
    """How many seconds ago people may have signed in, where a request does not say."""
    require_auth_time: bool = False
    """Whether its ID tokens must say when people signed in."""

    @field_validator("redirect_uris")
    @classmethod
    def _redirects_are_safe(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for uri in value:
            if problem := redirect_problem(uri):
                raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _words_are_for_scopes_it_may_ask_for(self) -> ClientDeclaration:
        for name in self.scope_words:
            if name not in self.scopes:
                raise ValueError(f"scope_words names {name!r}, which is not one of its scopes")
        return self

    def client(self, secret: ServerSecret) -> Client:
        """Return the client, its own secret hashed."""
        own = self.secret.get_secret_value() if self.secret else None
        return Client(
            id=self.id,
            project_id=self.project,
            display_name=self.display_name or self.id,
            redirect_uris=self.redirect_uris,
            grants=self.grants,
            scopes=self.scopes,
            auth_method="client_secret_basic" if own else "none",
            secret_hash=secret.hash("client secret", own) if own else None,
            details=self._details(),
        )

    def _details(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.scope_words:
            found["scope_words"] = dict(self.scope_words)
        for name in ("id_token_signed_response_alg", "default_max_age", "require_auth_time"):
            if name in self.model_fields_set:
                found[name] = getattr(self, name)
        return found


class ResourceDeclaration(_Strict):
    """One ``[[resources]]`` table."""

    uri: str
    """Identifier of the API, an http(s) address; access tokens for it carry it as `aud`."""
    project: str
    """Id of the project whose people it serves."""
    display_name: str | None = None
    """What people read; the uri if unset."""
    scopes: dict[str, ScopeWords] = {}
    """Its scopes, and what each allows, in words that follow "NAME can"."""

    @field_validator("uri")
    @classmethod
    def _uri_names_a_resource(cls, value: str) -> str:
        if problem := resource_problem(value):
            raise ValueError(problem)
        return value

    def resource(self) -> Resource:
        """Return the resource that access tokens can be made for."""
        return Resource(
            uri=self.uri,
            project_id=self.project,
            display_name=self.display_name or self.uri,
            scopes=self.scopes,
        )


class Settings(_Strict):
    """All settings of one server process."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="Port; 0 takes a free one.")
    data: Path = Field(
        default=Path("keyturn-data"), description="Folder of database, secret and outbox."
    )
    database: str | None = Field(
        default=None, description="Database URL; SQLite in the data folder if unset."
    )
    base_url: str | None = Field(
        default=None,
        description="The address people and programs reach this server at; also the issuer.",
    )
    site_name: str = Field(
        default="Keyturn", description="The name shown at the top of every page."
    )
    secret_file: Path | None = Field(
        default=None, description="File of the server secret; in data if unset."
    )
    default_project: str | None = Field(
        default=None, description="Project of a page opened directly."
    )
    rate_limits: Literal["on", "off"] = Field(
        default="on", description="Off lifts limits on volume, never those on guessing."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://, smtps:// or smtp+starttls:// URL; mail goes to data/outbox if unset.",
    )
    mail_from: str | None = Field(
        default=None, description="Sender of mails; no-reply at the host if unset."
    )
    access_token_seconds: int = Field(
        default=600, ge=30, le=86400, description="Life of an access token, in seconds."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks whose X-Forwarded-* count; comma separated.",
    )
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes that serve, behind one listening socket."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="The log's form on standard error: lines, or JSON objects."
    )
    log_requests: bool = Field(
        default=False,
        description="Log a line for each request: method, declared route, status, milliseconds.",
    )
    metrics: str | None = Field(
        default=None,
        description="Address and port where Prometheus fetches /metrics, such as 127.0.0.1:9102; "
        "off if unset. Keep it private.",
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="At shutdown: how long to go on answering while /ready already says 503.",
    )
    preview: bool = Field(default=False, description="Show every page and state under /preview.")
    brand: Path | None = Field(
        default=None, description="Folder with brand.css and a logo for all pages."
    )
    projects: tuple[ProjectDeclaration, ...] = ()
    clients: tuple[ClientDeclaration, ...] = ()
    resources: tuple[ResourceDeclaration, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin_and_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.netloc
            or parts.query
            or parts.fragment
        ):
            raise ValueError("must be an http(s) URL without query or fragment")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url_names_a_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts is not None and (
            parts.scheme not in ("smtp", "smtps", "smtp+starttls")
            or not parts.hostname
            or parts.port == 0
        ):
            raise ValueError("must be smtp://, smtps:// or smtp+starttls:// and a host")
        return value

    @field_validator("metrics")
    @classmethod
    def _metrics_have_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            address_of(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_comes_from_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            sender_of(value)
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies_are_networks(cls, value: Any) -> Any:
        found = (
            tuple(p.strip() for p in value.split(",") if p.strip())
            if isinstance(value, str)
            else value
        )
        for proxy in found:
            ipaddress.ip_network(proxy, strict=False)
        return found

    @model_validator(mode="after")
    def _clients_belong_to_projects(self) -> Settings:
        known = {p.id for p in self.projects}
        for client in self.clients:
            if known and client.project not in known:
                raise ValueError(
                    f"client {client.id!r} names project {client.project!r}, which is not declared"
                )
        for resource in self.resources:
            if known and resource.project not in known:
                raise ValueError(
                    f"resource {resource.uri!r} names project {resource.project!r}, "
                    "which is not declared"
                )
        return self

    @model_validator(mode="after")
    def _one_project_at_most_is_open_to_registration(self) -> Settings:
        if sum(p.registration == "open" for p in self.projects) > 1:
            raise ValueError(
                "registration is open in more than one project; an issuer has one registration "
                "endpoint, and only a token can say which of them is meant"
            )
        return self

    @property
    def secret_path(self) -> Path:
        """Where the server secret lies."""
        return self.secret_file or self.data / "secret"

    @property
    def issuer(self) -> str:
        """The base URL, made from host and port where none was set."""
        if self.base_url:
            return self.base_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def load(
    *,
    arguments: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """Merge file, environment and command line into settings.

    Raises:
        SettingsProblem: naming the first setting that is wrong.
    """
    merged: dict[str, Any] = _read(file) if file else {}
    for name in Settings.model_fields.keys() - {"projects", "clients", "resources"}:
        value = environ.get(PREFIX + name.upper())
        if value:
            merged[name] = value
    merged.update({k: v for k, v in (arguments or {}).items() if v is not None})
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in found["loc"]) or "settings"
        raise SettingsProblem(f"{where}: {found['msg']}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return tomllib.load(opened)
    except FileNotFoundError:
        raise SettingsProblem(f"{file}: no such file") from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsProblem(f"{file}: {error}") from None
