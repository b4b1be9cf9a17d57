"""Teams and memberships on the wire: parse, call the service, render."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from keyturn.server.http.body import LARGEST_BODY_WITH_IMAGE
from keyturn.server.permissions.rules import DELETE_TEAM, UPDATE_TEAM
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import (
    Call,
    Endpoint,
    Flag,
    Nothing,
    Search,
    Success,
    Wire,
    changes_of,
    user_id_of,
)
from keyturn.server.storage.paging import LARGEST_PAGE, Page
from keyturn.server.teams.service import NoSuchUser
from keyturn.server.teams.wire import (
    Pagination,
    TeamCreate,
    TeamList,
    TeamPage,
    TeamServerUpdate,
    TeamServerView,
    TeamUpdate,
    TeamView,
    team_view,
)

if TYPE_CHECKING:
    from keyturn.server.teams.rules import Team

Limit = Annotated[str, Field(pattern="^[1-9][0-9]{0,3}$")]


class TeamQuery(Wire):
    """Which teams to list. Clients may ask for ``user_id=me`` only."""

    user_id: str | None = None
    order_by: Literal["created_at"] | None = None
    desc: Flag | None = None
    query: Search | None = None
    cursor: str | None = None
    limit: Limit | None = None


class TeamClientCreate(TeamUpdate):
    """What a client may say about a new team."""

    creator_user_id: str | None = None


async def list_teams(call: Call[Nothing, TeamQuery]) -> Wire:
    """List teams: those of a user, or (for servers) of the project."""
    asked, teams = call.query, call.services.teams
    if asked.user_id is None:
        if call.caller.is_client:
            raise errors.StatusError(403, "With client access, list the teams of user_id=me")
        return await _page(call)
    user_id = user_id_of(call, asked.user_id)
    _refuse_others(call, user_id)
    found = await teams.of_user(call.project.id, user_id)
    return TeamList(items=[_view(call, team) for team in found])


async def create_team(call: Call[TeamCreate, Nothing]) -> Wire:
    """Create a team. With client access the signed-in user becomes its first member."""
    columns = changes_of(call, TeamClientCreate)
    creator = columns.pop("creator_user_id", None)
    if call.caller.is_client:
        user, _ = call.caller.signed_in()
        if not call.project.config.client_team_creation_enabled:
            raise errors.StatusError(403, "This project does not let its users create teams")
        if creator not in (None, "me", user.id):
            raise errors.StatusError(403, "With client access, creator_user_id must be me")
        creator = user.id
    elif creator is not None:
        creator = user_id_of(call, creator)
    try:
        team = await call.services.teams.create(call.project.id, columns, creator_id=creator)
    except NoSuchUser:
        raise errors.user_id_does_not_exist(creator or "") from None
    return _view(call, team)


async def get_team(call: Call[Nothing, Nothing]) -> Wire:
    """Read a team. Clients see the teams of their user."""
    return _view(call, await visible_team(call))


async def update_team(call: Call[TeamServerUpdate, Nothing]) -> Wire:
    """Change a team. With client access the user must be one who may."""
    changes = changes_of(call, TeamUpdate)
    team = await visible_team(call, permission=UPDATE_TEAM)
    updated = await call.services.teams.update(call.project.id, team.id, changes)
    if updated is None:
        raise errors.team_not_found(team.id)
    return _view(call, updated)


async def delete_team(call: Call[Nothing, Nothing]) -> Wire:
    """Delete a team. With client access the user must be one who may."""
    team = await visible_team(call, permission=DELETE_TEAM)
    await call.services.teams.delete(team)
    return Success()


async def visible_team(call: Call[Any, Any], *, permission: str | None = None) -> Team:
    """Return the team of the path, if the caller may see it, and has the permission."""
    return await team_for(call, call.path["team_id"], permission)


async def team_for(call: Call[Any, Any], team_id: str, permission: str | None = None) -> Team:
    """Return a team, if the caller may see it, and has the permission there."""
    team = await call.services.teams.find(call.project.id, team_id)
    if team is None:
        raise errors.team_not_found(team_id)
    if not call.caller.is_client:
        return team
    if call.user is None:
        raise errors.user_authentication_required()
    if await call.services.teams.member(team.id, call.user.id) is None:
        raise errors.team_not_found(team_id)
    if permission is not None:
        await require_permission(call, team.id, permission)
    return team


async def require_permission(call: Call[Any, Any], team_id: str, permission: str) -> None:
    """Refuse a client whose user lacks a permission in a team. Servers may do everything."""
    if not call.caller.is_client:
        return
    user, _ = call.caller.signed_in()
    if not await call.services.permissions.allows(call.project.id, team_id, user.id, permission):
        raise errors.team_permission_required(team_id, user.id, permission)


async def _page(call: Call[Nothing, TeamQuery]) -> Wire:
    asked = call.query
    page = Page(
        cursor=asked.cursor or "",
        limit=min(int(asked.limit or LARGEST_PAGE), LARGEST_PAGE),
        descending=asked.desc == "true",
        query=asked.query or "",
    )
    found = await call.services.teams.of_project(call.project.id, page)
    items = [_view(call, team) for team in found[: page.limit]]
    if asked.limit is None and asked.cursor is None and len(found) <= page.limit:
        return TeamList(items=items)
    more = found[page.limit - 1].id if len(found) > page.limit else None
    shown = [item for item in items if isinstance(item, TeamServerView)]
    return TeamPage(items=shown, pagination=Pagination(next_cursor=more))


def _refuse_others(call: Call[Any, Any], user_id: str) -> None:
    if call.caller.is_client and (call.user is None or call.user.id != user_id):
        raise errors.StatusError(403, "With client access, only your own teams can be listed")


def _view(call: Call[Any, Any], team: Team) -> TeamView:
    return team_view(team, for_client=call.caller.is_client)


TAG = "Teams"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/teams",
        handler=list_teams,
        query=TeamQuery,
        answers={200: TeamList | TeamPage},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/teams",
        handler=create_team,
        body=TeamCreate,
        answers={201: TeamServerView | TeamView},
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/teams/{team_id}",
        handler=get_team,
        answers={200: TeamServerView | TeamView},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/teams/{team_id}",
        handler=update_team,
        body=TeamServerUpdate,
        answers={200: TeamServerView | TeamView},
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/teams/{team_id}",
        handler=delete_team,
        answers={200: Success},
        tag=TAG,
    ),
)
