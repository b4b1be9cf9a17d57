"""The JSON of projects: what any client sees, and what an administrator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Project, ProjectConfig


class ProviderView(Wire):
    """A provider that people can sign in with."""

    id: str


class ProviderAdminView(ProviderView):
    """A provider, as an administrator sees it: without its secret, which nobody sees again."""

    provider_config_id: str
    type: Literal["standard"] = "standard"
    client_id: str
    client_secret: Literal[""] = ""


class ClientConfig(Wire):
    """What a sign-in page needs to know. Published clients read both lists of providers."""

    sign_up_enabled: bool
    credential_enabled: bool
    magic_link_enabled: bool
    passkey_enabled: bool
    oauth_providers: list[ProviderAdminView | ProviderView]
    enabled_oauth_providers: list[ProviderView]
    client_team_creation_enabled: bool
    client_user_deletion_enabled: bool
    allow_user_api_keys: bool
    allow_team_api_keys: bool


class ProjectView(Wire):
    """A project, as any client sees it."""

    id: str
    display_name: str
    config: ClientConfig


class EmailConfig(Wire):
    """How the project's mails are sent: by the server's own settings."""

    type: Literal["shared"] = "shared"


class DomainView(Wire):
    """An origin that the project trusts."""

    domain: str
    handler_path: str = "/handler"


class PermissionView(Wire):
    """A permission that comes by default."""

    id: str


class AdminConfig(ClientConfig):
    """All of a project's settings."""

    allow_localhost: bool
    create_team_on_sign_up: bool
    domains: list[DomainView]
    email_config: EmailConfig
    email_theme: str
    team_creator_default_permissions: list[PermissionView]
    team_member_default_permissions: list[PermissionView]
    user_default_permissions: list[PermissionView]
    oauth_account_merge_strategy: Literal["link_method"] = "link_method"


class ProjectAdminView(Wire):
    """A project, as an administrator sees it."""

    id: str
    display_name: str
    description: str
    created_at_millis: int
    is_production_mode: bool
    is_development_environment: bool
    owner_team_id: str | None
    onboarding_status: Literal["completed"]
    config: AdminConfig


class Jwk(Wire):
    """A public key (RFC 7517, RFC 7518 section 6.2)."""

    kty: str
    alg: str
    crv: str
    x: str
    y: str
    kid: str


class Jwks(Wire):
    """Public keys."""

    keys: list[Jwk]


def project_view(project: Project) -> ProjectView:
    """Render a project for clients and servers."""
    return ProjectView(
        id=project.id,
        display_name=project.display_name,
        config=ClientConfig(**_client_config(project)),
    )


def project_admin_view(project: Project) -> ProjectAdminView:
    """Render a project for an administrator."""
    config = project.config
    return ProjectAdminView(
        id=project.id,
        display_name=project.display_name,
        description=config.description,
        created_at_millis=project.created_at,
        is_production_mode=not config.allow_localhost,
        is_development_environment=False,
        owner_team_id=config.owner_team_id,
        onboarding_status="completed",
        config=AdminConfig(
            **_client_config(project) | {"oauth_providers": _providers(config)},
            allow_localhost=config.allow_localhost,
            create_team_on_sign_up=config.create_team_on_sign_up,
            domains=[DomainView(domain=domain) for domain in config.trusted_domains],
            email_config=EmailConfig(),
            email_theme="default",
            team_creator_default_permissions=_permissions(config.team_creator_default_permissions),
            team_member_default_permissions=_permissions(config.team_member_default_permissions),
            user_default_permissions=_permissions(config.user_default_permissions),
        ),
    )


def _permissions(ids: tuple[str, ...]) -> list[PermissionView]:
    return [PermissionView(id=one) for one in ids]


def _providers(config: ProjectConfig) -> list[ProviderAdminView]:
    return [
        ProviderAdminView(id=one.id, provider_config_id=one.id, client_id=one.client_id)
        for one in config.oauth_providers
    ]


def _client_config(project: Project) -> dict[str, Any]:
    names = ClientConfig.model_fields.keys() - {"oauth_providers", "enabled_oauth_providers"}
    providers = [ProviderView(id=one.id) for one in project.config.oauth_providers]
    return {
        **{name: getattr(project.config, name) for name in names},
        "oauth_providers": providers,
        "enabled_oauth_providers": providers,
    }
