"""The JSON of API keys. Members without a value are left out, as published servers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.api_keys.rules import ApiKey
    from keyturn.server.api_keys.service import NewKey

Description = Annotated[str, StringConstraints(max_length=1024)]
# The last instant that JavaScript's dates know.
Millis = Annotated[int, Field(ge=0, le=8_640_000_000_000_000)]


def _is_absent(value: object) -> bool:
    return value is None


Optional = Annotated[int | None, Field(exclude_if=_is_absent)]


class LastFour(Wire):
    """How a key is recognised once it has been shown."""

    last_four: str


class _Facts(Wire):
    """Instants are milliseconds since 1970."""

    id: str
    description: str
    is_public: bool
    created_at_millis: int
    expires_at_millis: Optional = None
    manually_revoked_at_millis: Optional = None


class UserApiKeyView(_Facts):
    """A user's key."""

    type: Literal["user"] = "user"
    user_id: str
    value: LastFour


class TeamApiKeyView(_Facts):
    """A team's key."""

    type: Literal["team"] = "team"
    team_id: str
    value: LastFour


class NewUserApiKey(_Facts):
    """A user's new key, with its text for the only time."""

    type: Literal["user"] = "user"
    user_id: str
    value: str


class NewTeamApiKey(_Facts):
    """A team's new key, with its text for the only time."""

    type: Literal["team"] = "team"
    team_id: str
    value: str


class UserApiKeyList(Wire):
    """A user's keys, newest first."""

    items: list[UserApiKeyView]
    is_paginated: Literal[False] = False


class TeamApiKeyList(Wire):
    """A team's keys, newest first."""

    items: list[TeamApiKeyView]
    is_paginated: Literal[False] = False


class _Create(Wire):
    description: Description
    # Published clients leave it out where their caller named no end.
    expires_at_millis: Millis | None = None
    is_public: bool = False


class UserApiKeyCreate(_Create):
    """A new key of a user; clients say ``me``. ``null`` as its end means never."""

    user_id: str


class TeamApiKeyCreate(_Create):
    """A new key of a team. ``null`` as its end means never."""

    team_id: str


class ApiKeyUpdate(Wire):
    """What can change about a key. Revoking is for ever."""

    description: Description = Field(default="", validate_default=False)
    revoked: Literal[True] = Field(default=True, validate_default=False)


class ApiKeyCheck(Wire):
    """A key that somebody called with."""

    api_key: str


class OfUser(Wire):
    """Whose keys; clients say ``me``."""

    user_id: str


class MaybeOfUser(Wire):
    """Published clients repeat whose key it is; nothing depends on it."""

    user_id: str | None = None


class OfTeam(Wire):
    """Whose keys."""

    team_id: str


class MaybeOfTeam(Wire):
    """Published clients repeat whose key it is; nothing depends on it."""

    team_id: str | None = None


def key_view(key: ApiKey) -> UserApiKeyView | TeamApiKeyView:
    """Render a key as it is shown after its creation."""
    value = LastFour(last_four=key.last_four)
    if key.owner.kind == "user":
        return UserApiKeyView(**_facts(key), user_id=key.owner.id, value=value)
    return TeamApiKeyView(**_facts(key), team_id=key.owner.id, value=value)


def new_key_view(new: NewKey) -> NewUserApiKey | NewTeamApiKey:
    """Render a key the one time that its text is shown."""
    key = new.key
    if key.owner.kind == "user":
        return NewUserApiKey(**_facts(key), user_id=key.owner.id, value=new.value)
    return NewTeamApiKey(**_facts(key), team_id=key.owner.id, value=new.value)


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "description": key.description,
        "is_public": key.is_public,
        "created_at_millis": key.created_at,
        "expires_at_millis": key.expires_at,
        "manually_revoked_at_millis": key.revoked_at,
    }
