"""The JSON of teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.teams.rules import Team

DisplayName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
# An address of the web, or the picture itself; nothing that a page could run.
ImageUrl = Annotated[str, StringConstraints(pattern=r"^(https?://|data:image/)")]


class TeamView(Wire):
    """A team, as its members see it."""

    id: str
    display_name: str
    profile_image_url: str | None
    client_metadata: Any
    client_read_only_metadata: Any


class TeamServerView(TeamView):
    """A team, as a server sees it."""

    server_metadata: Any
    created_at_millis: int


class Pagination(Wire):
    """Where the next page begins; ``null`` at the end."""

    next_cursor: str | None


class TeamList(Wire):
    """Teams, all of them."""

    items: list[TeamServerView | TeamView]
    is_paginated: bool = False


class TeamPage(Wire):
    """One page of teams."""

    items: list[TeamServerView]
    is_paginated: bool = True
    pagination: Pagination


class TeamUpdate(Wire):
    """What a member who may change a team can change."""

    display_name: DisplayName = Field(default="", validate_default=False)
    profile_image_url: ImageUrl | None = None
    client_metadata: Any = None


class TeamServerUpdate(TeamUpdate):
    """What a server can change."""

    client_read_only_metadata: Any = None
    server_metadata: Any = None


class TeamCreate(TeamServerUpdate):
    """A new team. The last two members are for servers only."""

    display_name: DisplayName
    creator_user_id: str | None = None


class Membership(Wire):
    """Who belongs to what."""

    team_id: str
    user_id: str


def team_view(team: Team, *, for_client: bool) -> TeamView:
    """Render a team for one kind of access."""
    values = {name: getattr(team, name) for name in TeamView.model_fields}
    if for_client:
        return TeamView(**values)
    return TeamServerView(
        **values, server_metadata=team.server_metadata, created_at_millis=team.created_at
    )
