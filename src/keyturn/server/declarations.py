"""What a configuration file declares: projects, OAuth clients, APIs. One class a table.

Unknown members are refused: they are typos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from keyturn.server.oauth.resources import Resource, resource_problem
from keyturn.server.payments.catalog import Payments
from keyturn.server.projects.provider_declaration import (
    ProviderDeclaration,  # noqa: TC001 - pydantic reads the annotation
)
from keyturn.server.projects.rules import (
    NATIVE_GRANTS,
    NATIVE_REDIRECTS,
    NATIVE_SCOPES,
    Client,
    ProjectConfig,
    redirect_problem,
)
from keyturn.server.strict import Strict

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

ScopeWords = Annotated[str, Field(min_length=1, max_length=160)]

PermissionId = Annotated[str, Field(max_length=128, pattern=r"^\$?[a-z0-9_:]+$")]
StoreId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

SHORTEST_INITIAL_ACCESS_TOKEN = 20


class ProjectUrls(Strict):
    """Pages of a project's own."""

    cli_auth_confirm: str | None = None
    """The project's own page that approves CLI sign-ins of the Stack-compatible API."""

    @field_validator("cli_auth_confirm")
    @classmethod
    def _is_a_page(cls, value: str | None) -> str | None:
        parts = urlsplit(value) if value is not None else None
        if parts is not None and (
            parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment
        ):
            raise ValueError("must be an http(s) URL without fragment")
        return value


class ProjectDeclaration(Strict):
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
    verify_email_on_sign_up: bool = False
    """Whether signing up on the pages mails a link that verifies the address."""
    passkey_enabled: bool = False
    """Whether people sign in with a passkey in clients; the pages offer none yet."""
    client_team_creation_enabled: bool = False
    """Whether people may create teams, not only servers."""
    client_user_deletion_enabled: bool = False
    """Whether people may delete their account."""
    allow_user_api_keys: bool = False
    """Whether people may have API keys."""
    allow_team_api_keys: bool = False
    """Whether teams may have API keys."""
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
    administers_projects: bool = False
    """Whether its people make and administer other projects; only for the id `internal`."""
    data_vault_stores: tuple[StoreId, ...] = ()
    """Ids of the stores in its data vault: letters, digits, - and _."""
    payments: Payments = Payments()
    """What is counted for its customers, and what they may own: `items` and `products`."""
    team_creator_default_permissions: tuple[PermissionId, ...] = ("team_admin",)
    """Which permissions whoever creates a team gets in it."""
    team_member_default_permissions: tuple[PermissionId, ...] = ("team_member",)
    """Which permissions members get when they join a team."""
    user_default_permissions: tuple[PermissionId, ...] = ()
    """Which permissions of the project everybody gets at sign-up."""
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
    oauth_providers: tuple[ProviderDeclaration, ...] = ()
    """Other sign-in servers that its people may come from; one table each."""

    @model_validator(mode="after")
    def _registering_needs_a_token_where_it_says_so(self) -> ProjectDeclaration:
        if self.registration == "token" and self.initial_access_token is None:
            raise ValueError("registration = 'token' needs an initial_access_token")
        if self.registration == "off" and self.initial_access_token is not None:
            raise ValueError("there is an initial_access_token, but registration is off")
        return self

    @field_validator("oauth_providers")
    @classmethod
    def _providers_have_names_of_their_own(
        cls, value: tuple[ProviderDeclaration, ...]
    ) -> tuple[ProviderDeclaration, ...]:
        if len({provider.id for provider in value}) != len(value):
            raise ValueError("two providers have the same id")
        return value

    def config(self, secret: ServerSecret) -> ProjectConfig:
        """Return the part of the declaration that is stored as the project's configuration."""
        names = ProjectConfig.__dataclass_fields__.keys() - {
            "urls",
            "oauth_providers",
            "payments",
            "description",
            "owner_team_id",
        }
        return ProjectConfig(
            urls=self.urls.model_dump(exclude_none=True),
            payments=self.payments.model_dump(mode="json", exclude_defaults=True),
            oauth_providers=tuple(one.provider(self.id, secret) for one in self.oauth_providers),
            **{name: getattr(self, name) for name in names},
        )


class ClientDeclaration(Strict):
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


class ResourceDeclaration(Strict):
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
