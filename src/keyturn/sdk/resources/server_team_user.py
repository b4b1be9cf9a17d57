"""A member of a team, as servers see it (specification: types/teams/server-team.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps
from keyturn.sdk.resources.server_user import ServerUser, server_user_fields
from keyturn.sdk.resources.team_member_profile import ServerTeamMemberProfile
from keyturn.sdk.values import Members, at

if TYPE_CHECKING:
    from keyturn.sdk.paging import Page
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class ServerTeamUser(ServerUser[S_co], Generic[S_co]):
    """A user, and how it appears in the team it was listed for.

    Attributes:
        team_profile: How the user appears there.
    """

    team_profile: ServerTeamMemberProfile[S_co]


def members_of(
    session: Session[S_co], team_id: str, *, cursor: str | None, limit: int
) -> Steps[Page[ServerTeamUser[S_co], S_co]]:
    """List a team's members with their profiles there.

    The list of users does not tell the profiles, so they are asked for as well, all at once.
    """
    profiles: dict[str, Members] = {}

    def member(session: Session[S_co], answer: Members) -> ServerTeamUser[S_co]:
        own = profiles.get(answer.text("id")) or _unnamed(team_id, answer)
        return ServerTeamUser(
            **server_user_fields(session, answer),
            team_profile=ServerTeamMemberProfile.read(session, own),
        )

    listed = yield from session.get(at("team-member-profiles"), team_id=team_id)
    profiles.update({each.text("user_id"): each for each in listed.items()})
    return (
        yield from session.pages(
            at("users"),
            member,
            cursor=cursor,
            limit=limit,
            team_id=team_id,
            include_anonymous=True,
            include_restricted=True,
        )
    )


def _unnamed(team_id: str, user: Members) -> Members:
    """Return the profile of somebody who joined a moment ago: as everywhere else."""
    return Members({**user.as_json(), "team_id": team_id, "user_id": user.text("id")})
