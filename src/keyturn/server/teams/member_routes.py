"""Members of teams on the wire: who belongs, and how each appears there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.wire import UserServerView, user_view
from keyturn.server.http.body import LARGEST_BODY_WITH_IMAGE
from keyturn.server.permissions.rules import READ_MEMBERS, REMOVE_MEMBERS
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import (
    Call,
    Endpoint,
    Nothing,
    Success,
    Wire,
    user_id_of,
)
from keyturn.server.teams.routes import TAG, team_for, visible_team
from keyturn.server.teams.service import AlreadyMember, NoSuchUser
from keyturn.server.teams.wire import DisplayName, ImageUrl, Membership

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.teams.rules import Profile


class ProfileQuery(Wire):
    """Whose profiles. Clients name a team of theirs, or ``user_id=me``."""

    team_id: str | None = None
    user_id: str | None = None


class ProfileUpdate(Wire):
    """How a member wants to appear in one team; ``null``: as everywhere else."""

    display_name: DisplayName | None = None
    profile_image_url: ImageUrl | None = None


class ProfileView(Wire):
    """How a member appears in one team."""

    team_id: str
    user_id: str
    display_name: str | None
    profile_image_url: str | None


class ProfileServerView(ProfileView):
    """The same for servers, with the user."""

    user: UserServerView


class ProfileList(Wire):
    """Profiles, all of them."""

    items: list[ProfileServerView | ProfileView]
    is_paginated: bool = False


async def add_team_member(call: Call[Nothing, Nothing]) -> Wire:
    """Add a user to a team."""
    team = await visible_team(call)
    user_id = user_id_of(call, call.path["user_id"])
    try:
        await call.services.teams.add_member(team, user_id)
    except NoSuchUser:
        raise errors.user_not_found() from None
    except AlreadyMember:
        raise errors.team_membership_already_exists() from None
    return Membership(team_id=team.id, user_id=user_id)


async def remove_team_member(call: Call[Nothing, Nothing]) -> Wire:
    """Take a user out of a team. Clients may leave; to remove others they need to be allowed."""
    user_id = user_id_of(call, call.path["user_id"])
    mine = call.user is not None and call.user.id == user_id
    team = await visible_team(call, permission=None if mine else REMOVE_MEMBERS)
    if not await call.services.teams.remove_member(team, user_id):
        raise errors.team_membership_not_found(team.id, user_id)
    return Success()


async def list_member_profiles(call: Call[Nothing, ProfileQuery]) -> Wire:
    """List how the members of a team appear there."""
    team_id, user_id = call.query.team_id or "", ""
    if call.query.user_id is not None:
        user_id = user_id_of(call, call.query.user_id)
    if call.caller.is_client:
        await _check_client_may_list(call, team_id, user_id)
    else:
        await _check_there(call, team_id, user_id)
    found = await call.services.teams.profiles(call.project.id, team_id=team_id, user_id=user_id)
    return ProfileList(items=[await _view(call, profile, user) for profile, user in found])


async def get_member_profile(call: Call[Nothing, Nothing]) -> Wire:
    """Read how a member appears in a team. Clients may need to be allowed to see others."""
    user_id = user_id_of(call, call.path["user_id"])
    mine = call.user is not None and call.user.id == user_id
    team = await visible_team(call, permission=None if mine else READ_MEMBERS)
    return await _one(call, team.id, user_id)


async def update_member_profile(call: Call[ProfileUpdate, Nothing]) -> Wire:
    """Change how a member appears in a team. Clients can change their own profile."""
    team = await visible_team(call)
    user_id = user_id_of(call, call.path["user_id"])
    if call.caller.is_client and (call.user is None or call.user.id != user_id):
        raise errors.StatusError(403, "With client access, only your own profile can be changed")
    changes = call.body.model_dump(exclude_unset=True)
    if not await call.services.teams.update_profile(team.id, user_id, changes):
        raise errors.team_membership_not_found(team.id, user_id)
    return await _one(call, team.id, user_id)


async def _check_client_may_list(call: Call[Any, Any], team_id: str, user_id: str) -> None:
    user, _ = call.caller.signed_in()
    if user_id == user.id:
        return
    if not team_id:
        raise errors.StatusError(400, "With client access, name a team of yours or user_id=me")
    await team_for(call, team_id, READ_MEMBERS)


async def _check_there(call: Call[Any, Any], team_id: str, user_id: str) -> None:
    if team_id and await call.services.teams.find(call.project.id, team_id) is None:
        raise errors.team_not_found(team_id)
    if user_id and await call.services.accounts.find(call.project.id, user_id) is None:
        raise errors.user_not_found()


async def _one(call: Call[Any, Any], team_id: str, user_id: str) -> Wire:
    found = await call.services.teams.profiles(call.project.id, team_id=team_id, user_id=user_id)
    if not found:
        raise errors.team_membership_not_found(team_id, user_id)
    return await _view(call, *found[0])


async def _view(call: Call[Any, Any], profile: Profile, user: User) -> ProfileView:
    values: dict[str, Any] = {
        "team_id": profile.team_id,
        "user_id": profile.user_id,
        "display_name": profile.display_name or user.display_name,
        "profile_image_url": profile.profile_image_url or user.profile_image_url,
    }
    if call.caller.is_client:
        return ProfileView(**values)
    selected = await call.services.teams.selected_by(user)
    providers = await call.services.provider_accounts.signing_in(call.project, user.id)
    view = user_view(user, selected, for_client=False, providers=providers)
    return ProfileServerView.model_validate({**values, "user": view})


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/team-memberships/{team_id}/{user_id}",
        handler=add_team_member,
        answers={201: Membership},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/team-memberships/{team_id}/{user_id}",
        handler=remove_team_member,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/team-member-profiles",
        handler=list_member_profiles,
        query=ProfileQuery,
        answers={200: ProfileList},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/team-member-profiles/{team_id}/{user_id}",
        handler=get_member_profile,
        answers={200: ProfileServerView | ProfileView},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/team-member-profiles/{team_id}/{user_id}",
        handler=update_member_profile,
        body=ProfileUpdate,
        answers={200: ProfileServerView | ProfileView},
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
)
