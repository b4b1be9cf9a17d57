"""The project (specification: types/projects/project.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.sdk.values import Members


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """What a sign-in page needs to know of a project.

    Attributes:
        sign_up_enabled: Whether new accounts can be made.
        credential_enabled: Whether passwords sign in.
        magic_link_enabled: Whether mailed links and codes sign in.
        passkey_enabled: Whether passkeys sign in.
        oauth_providers: Ids of the providers that sign in.
        client_team_creation_enabled: Whether users can make teams.
        client_user_deletion_enabled: Whether users can delete their accounts.
        allow_user_api_keys: Whether users can make API keys.
        allow_team_api_keys: Whether teams can.
    """

    sign_up_enabled: bool
    credential_enabled: bool
    magic_link_enabled: bool
    passkey_enabled: bool
    oauth_providers: tuple[str, ...]
    client_team_creation_enabled: bool
    client_user_deletion_enabled: bool
    allow_user_api_keys: bool
    allow_team_api_keys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project, as any of its clients sees it."""

    id: str
    display_name: str
    config: ProjectConfig

    @classmethod
    def read(cls, answer: Members) -> Project:
        """Read a project off an answer."""
        config = answer.members("config")
        return cls(
            id=answer.text("id"),
            display_name=answer.text("display_name"),
            config=ProjectConfig(
                sign_up_enabled=config.flag("sign_up_enabled"),
                credential_enabled=config.flag("credential_enabled"),
                magic_link_enabled=config.flag("magic_link_enabled"),
                passkey_enabled=config.flag("passkey_enabled", default=False),
                oauth_providers=tuple(p.text("id") for p in config.items("oauth_providers")),
                client_team_creation_enabled=config.flag("client_team_creation_enabled"),
                client_user_deletion_enabled=config.flag("client_user_deletion_enabled"),
                allow_user_api_keys=config.flag("allow_user_api_keys", default=False),
                allow_team_api_keys=config.flag("allow_team_api_keys", default=False),
            ),
        )
