"""Invitations on the wire: parse, call the service, render."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.invitations.errors import restricted_user_not_allowed
from keyturn.server.invitations.wire import (
    Accepted,
    ForUserQuery,
    InvitationDetails,
    InvitationList,
    InvitationQuery,
    OfTeamQuery,
    SendInvitation,
    Sent,
    invitation_view,
)
from keyturn.server.one_time.wire import CodeIsValid, CodeRequest
from keyturn.server.permissions.rules import INVITE_MEMBERS, READ_MEMBERS, REMOVE_MEMBERS
from keyturn.server.stack import errors
from keyturn.server.stack.callback import trusted, visitor_of
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire, user_id_of
from keyturn.server.teams.routes import require_permission, team_for

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


async def list_team_invitations(call: Call[Nothing, InvitationQuery]) -> Wire:
    """List a team's open invitations, or those sent to addresses that a user has verified."""
    asked, invitations = call.query, call.services.invitations
    if (asked.team_id is None) == (asked.user_id is None):
        raise errors.StatusError(400, "Name either team_id or user_id, and not both")
    if asked.user_id is not None:
        found = await invitations.of_user(call.project.id, _own(call, asked.user_id))
    else:
        team = await team_for(call, asked.team_id or "", READ_MEMBERS)
        await require_permission(call, team.id, INVITE_MEMBERS)
        found = await invitations.of_team(call.project.id, team.id)
    return InvitationList(items=[invitation_view(one) for one in found])


async def send_team_invitation(call: Call[SendInvitation, Nothing]) -> Wire:
    """Mail an invitation to a team; its link leads to a page of a trusted origin."""
    body = call.body
    team = await team_for(call, body.team_id, INVITE_MEMBERS)
    invitation_id = await call.services.invitations.send(
        call.project,
        team,
        body.email,
        callback_url=trusted(call, body.callback_url),
        counted_ip=visitor_of(call),
    )
    return Sent(id=invitation_id)


async def accept_team_invitation(call: Call[CodeRequest, Nothing]) -> Wire:
    """Join the team of a mailed code as the signed-in user."""
    user = _joining(call)
    with code_refusals():
        await call.services.invitations.accept(call.project.id, user.id, call.body.code)
    return Accepted()


async def check_team_invitation_code(call: Call[CodeRequest, Nothing]) -> Wire:
    """Say whether a code could still be accepted, without using it up."""
    with code_refusals():
        await call.services.invitations.look(call.project.id, call.body.code)
    return CodeIsValid()


async def get_team_invitation_details(call: Call[CodeRequest, Nothing]) -> Wire:
    """Say which team a code is for, to the signed-in user, without using it up."""
    _joining(call)
    with code_refusals():
        found = await call.services.invitations.look(call.project.id, call.body.code)
    return InvitationDetails(team_id=found.team_id, team_display_name=found.team_display_name)


async def accept_team_invitation_by_id(call: Call[Nothing, ForUserQuery]) -> Wire:
    """Join the team of an invitation that was sent to a verified address of the user's."""
    user_id = _own(call, call.query.user_id)
    if call.caller.is_client:
        _joining(call)
    with code_refusals():
        await call.services.invitations.accept_by_id(
            call.project.id, user_id, call.path["invitation_id"]
        )
    return Accepted()


async def revoke_team_invitation(call: Call[Nothing, OfTeamQuery]) -> Wire:
    """Take an invitation back."""
    if call.query.team_id is None:
        raise errors.StatusError(400, "team_id is required for deleting a team invitation")
    team = await team_for(call, call.query.team_id, REMOVE_MEMBERS)
    with code_refusals():
        await call.services.invitations.revoke(call.project.id, team.id, call.path["invitation_id"])
    return Success()


def _own(call: Call[Any, Any], given: str) -> str:
    """Return the user that is named; clients name their own."""
    user_id = user_id_of(call, given)
    if call.caller.is_client and user_id != call.caller.signed_in()[0].id:
        raise errors.cannot_get_own_user_without_user()
    return user_id


def _joining(call: Call[Any, Any]) -> User:
    """Return the signed-in user, if it may join teams."""
    if call.user is None:
        raise errors.user_authentication_required()
    if call.user.restriction is not None:
        raise restricted_user_not_allowed(call.user.restriction)
    return call.user


TAG = "Teams"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/team-invitations",
        handler=list_team_invitations,
        query=InvitationQuery,
        answers={200: InvitationList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-invitations/send-code",
        handler=send_team_invitation,
        body=SendInvitation,
        answers={200: Sent},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-invitations/accept",
        handler=accept_team_invitation,
        body=CodeRequest,
        answers={200: Accepted},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-invitations/accept/check-code",
        handler=check_team_invitation_code,
        body=CodeRequest,
        answers={200: CodeIsValid},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-invitations/accept/details",
        handler=get_team_invitation_details,
        body=CodeRequest,
        answers={200: InvitationDetails},
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/team-invitations/{invitation_id}",
        handler=revoke_team_invitation,
        query=OfTeamQuery,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/team-invitations/{invitation_id}/accept",
        handler=accept_team_invitation_by_id,
        query=ForUserQuery,
        answers={200: Accepted},
        tag=TAG,
    ),
)
