"""The JSON of what administrators send and see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from keyturn.server.projects.wire import ProjectAdminView  # noqa: TC001 - pydantic reads it
from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.internal.rules import KeySet

DisplayName = Annotated[str, Field(min_length=1, max_length=256)]
Millis = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Domain(Wire):
    """An origin that the project is to trust."""

    domain: Annotated[str, Field(max_length=2048)]
    handler_path: Annotated[str, Field(pattern="^/")]


class Permission(Wire):
    """A permission that is to come by default."""

    id: str


class ConfigUpdate(Wire):
    """Settings of a project; what is not sent stays. Some can only be set by the operator."""

    sign_up_enabled: bool | None = None
    credential_enabled: bool | None = None
    magic_link_enabled: bool | None = None
    passkey_enabled: bool | None = None
    client_team_creation_enabled: bool | None = None
    client_user_deletion_enabled: bool | None = None
    allow_localhost: bool | None = None
    allow_user_api_keys: bool | None = None
    allow_team_api_keys: bool | None = None
    create_team_on_sign_up: bool | None = None
    domains: Annotated[list[Domain], Field(max_length=100)] | None = None
    team_creator_default_permissions: list[Permission] | None = None
    team_member_default_permissions: list[Permission] | None = None
    user_default_permissions: list[Permission] | None = None
    email_config: dict[str, Any] | None = None
    email_theme: str | None = None
    oauth_providers: list[dict[str, Any]] | None = None
    oauth_account_merge_strategy: (
        Literal["link_method", "raise_error", "allow_duplicates"] | None
    ) = None


class ProjectUpdate(Wire):
    """What an administrator changes of a project."""

    display_name: DisplayName = Field(default="", validate_default=False)
    description: Annotated[str, Field(max_length=4096)] | None = None
    is_production_mode: bool | None = None
    config: ConfigUpdate | None = None


class ProjectCreate(ProjectUpdate):
    """A new project, and the team of the internal project that administers it."""

    display_name: DisplayName
    owner_team_id: str | None = None


class ProjectList(Wire):
    """Projects, all of them."""

    items: list[ProjectAdminView]
    is_paginated: bool = False


class KeysCreate(Wire):
    """Which keys are wanted, what for, and until when."""

    description: Annotated[str, Field(max_length=4096)]
    expires_at_millis: Millis
    has_publishable_client_key: bool
    has_secret_server_key: bool
    has_super_secret_admin_key: bool


class KeysUpdate(Wire):
    """A set described anew, or revoked; what is revoked stays so."""

    description: Annotated[str, Field(max_length=4096)] | None = None
    revoked: bool | None = None


class _Sparse(Wire):
    """An answer that leaves out what is not there."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}


class NewKeys(_Sparse):
    """A set of keys, in the clear for the one time they are shown."""

    id: str
    description: str
    created_at_millis: int
    expires_at_millis: int
    publishable_client_key: str | None = Field(default=None, repr=False)
    secret_server_key: str | None = Field(default=None, repr=False)
    super_secret_admin_key: str | None = Field(default=None, repr=False)


class LastFour(Wire):
    """What a key is recognised by."""

    last_four: str


class KeysView(_Sparse):
    """A set of keys, of which only the last characters are known."""

    id: str
    description: str
    created_at_millis: int
    expires_at_millis: int
    manually_revoked_at_millis: int | None = None
    publishable_client_key: LastFour | None = None
    secret_server_key: LastFour | None = None
    super_secret_admin_key: LastFour | None = None


class KeysList(Wire):
    """Sets of keys, all of them, newest first."""

    items: list[KeysView]
    is_paginated: bool = False


def new_keys(found: KeySet, keys: dict[str, str]) -> NewKeys:
    """Render a set with its keys."""
    return NewKeys(
        id=found.id,
        description=found.description,
        created_at_millis=found.created_at,
        expires_at_millis=found.expires_at,
        **keys,
    )


def keys_view(found: KeySet) -> KeysView:
    """Render a set without its keys."""
    return KeysView(
        id=found.id,
        description=found.description,
        created_at_millis=found.created_at,
        expires_at_millis=found.expires_at,
        manually_revoked_at_millis=found.revoked_at,
        **{kind: LastFour(last_four=text) for kind, text in found.last_four.items()},
    )
