"""Teams' API keys on the wire: for servers, and for members who may manage them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.api_keys import errors as key_errors
from keyturn.server.api_keys.routes import TAG, check, create, named, refuse_unless_enabled, update
from keyturn.server.api_keys.rules import Owner
from keyturn.server.api_keys.service import NoSuchOwner
from keyturn.server.api_keys.wire import (
    ApiKeyCheck,
    ApiKeyUpdate,
    MaybeOfTeam,
    NewTeamApiKey,
    OfTeam,
    TeamApiKeyCreate,
    TeamApiKeyList,
    TeamApiKeyView,
    key_view,
    new_key_view,
)
from keyturn.server.permissions.rules import MANAGE_API_KEYS
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire

if TYPE_CHECKING:
    from keyturn.server.api_keys.rules import ApiKey


async def list_team_api_keys(call: Call[Nothing, OfTeam]) -> Wire:
    """List a team's API keys, newest first, also those that have ended."""
    refuse_unless_enabled(call, "team")
    owner = await _managed(call, call.query.team_id)
    try:
        found = await call.services.api_keys.of_owner(call.project.id, owner)
    except NoSuchOwner:
        raise errors.team_not_found(owner.id) from None
    views = [key_view(key) for key in found]
    return TeamApiKeyList(items=[view for view in views if isinstance(view, TeamApiKeyView)])


async def create_team_api_key(call: Call[TeamApiKeyCreate, Nothing]) -> Wire:
    """Make an API key of a team. The answer alone holds its text."""
    refuse_unless_enabled(call, "team")
    owner = await _managed(call, call.body.team_id)
    try:
        new = await create(call, owner)
    except NoSuchOwner:
        raise errors.team_not_found(owner.id) from None
    return new_key_view(new)


async def get_team_api_key(call: Call[Nothing, MaybeOfTeam]) -> Wire:
    """Read a team's API key."""
    return key_view(await _named(call))


async def update_team_api_key(call: Call[ApiKeyUpdate, MaybeOfTeam]) -> Wire:
    """Describe a team's API key anew, or revoke it."""
    return await update(call, await _named(call))


async def check_team_api_key(call: Call[ApiKeyCheck, Nothing]) -> Wire:
    """Say which team a key is of, if it is still good."""
    return await check(call, "team")


async def _named(call: Call[Any, MaybeOfTeam]) -> ApiKey:
    if call.query.team_id is not None:
        await _managed(call, call.query.team_id)
    key = await named(call, "team")
    await _managed(call, key.owner.id)
    return key


async def _managed(call: Call[Any, Any], team_id: str) -> Owner:
    """Return the team, if the caller may manage its keys.

    Members who may not are answered like strangers, and strangers as if there were no key.
    """
    if call.caller.is_client:
        if call.user is None:
            raise errors.user_authentication_required()
        if not await call.services.permissions.allows(
            call.project.id, team_id, call.user.id, MANAGE_API_KEYS
        ):
            raise key_errors.api_key_not_found()
    return Owner(kind="team", id=team_id)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/team-api-keys",
        handler=list_team_api_keys,
        query=OfTeam,
        answers={200: TeamApiKeyList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-api-keys",
        handler=create_team_api_key,
        body=TeamApiKeyCreate,
        answers={200: NewTeamApiKey},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-api-keys/check",
        handler=check_team_api_key,
        body=ApiKeyCheck,
        answers={200: TeamApiKeyView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/team-api-keys/{api_key_id}",
        handler=get_team_api_key,
        query=MaybeOfTeam,
        answers={200: TeamApiKeyView},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/team-api-keys/{api_key_id}",
        handler=update_team_api_key,
        body=ApiKeyUpdate,
        query=MaybeOfTeam,
        answers={200: TeamApiKeyView},
        tag=TAG,
    ),
)
