"""The teams of a user (specification: types/users/current-user.spec.md)."""

from __future__ import annotations

from typing import Any, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, find, listing
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.resources.server_team import ServerTeam
from keyturn.sdk.resources.team import BaseTeam, Team
from keyturn.sdk.resources.team_member_profile import (
    EditableTeamMemberProfile,
    ServerTeamMemberProfile,
)
from keyturn.sdk.values import at, present

AnyTeam = BaseTeam[Any] | str
"""A team, or its id."""


def team_id_of(team: AnyTeam) -> str:
    """Return the id of a team that may be given as one."""
    return team if isinstance(team, str) else team.id


class UserTeamOperations(BaseUser[S_co], Generic[S_co]):
    """What is the same for users and servers."""

    @operation
    def leave_team(self, team: AnyTeam) -> Steps[None]:
        """End the membership (``DELETE /team-memberships/{team}/{user}``).

        Args:
            team: The team, or its id.

        Raises:
            TeamNotFound, TeamMembershipNotFound: the user is not a member.
        """
        path = at("team-memberships", team_id_of(team), self._me)
        yield from self._session.delete(path)


class OwnTeamOperations(UserTeamOperations[S_co], Generic[S_co]):
    """The teams of the signed-in user."""

    @listing
    def list_teams(self) -> Steps[Page[Team[S_co], S_co]]:
        """List the user's teams (``GET /teams?user_id=me``)."""
        return self._session.pages(at("teams"), Team.read, user_id=self._me)

    @operation
    def get_team(self, team_id: str) -> Steps[Team[S_co] | None]:
        """Return one of the user's teams (``GET /teams?user_id=me``); ``None``: not one of them.

        Args:
            team_id: The team's id.
        """
        teams = yield from self._session.pages(at("teams"), Team.read, user_id=self._me)
        return (yield from find(teams, lambda team: team.id == team_id))

    @operation
    def get_team_profile(self, team: AnyTeam) -> Steps[EditableTeamMemberProfile[S_co]]:
        """Return how the user appears in a team (``GET /team-member-profiles/{team}/me``).

        Args:
            team: The team, or its id.

        Raises:
            TeamNotFound: the user is not a member.
        """
        path = at("team-member-profiles", team_id_of(team), self._me)
        answer = yield from self._session.get(path)
        return EditableTeamMemberProfile.read(self._session, answer)


class MemberTeamOperations(UserTeamOperations[S_co], Generic[S_co]):
    """The teams of any user, for servers."""

    @listing
    def list_teams(self) -> Steps[Page[ServerTeam[S_co], S_co]]:
        """List the user's teams (``GET /teams?user_id=``)."""
        return self._session.pages(at("teams"), ServerTeam.read, user_id=self._me)

    @operation
    def get_team(self, team_id: str) -> Steps[ServerTeam[S_co] | None]:
        """Return one of the user's teams (``GET /teams?user_id=``); ``None``: not one of them.

        Args:
            team_id: The team's id.
        """
        teams = yield from self._session.pages(at("teams"), ServerTeam.read, user_id=self._me)
        return (yield from find(teams, lambda team: team.id == team_id))

    @operation
    def create_team(
        self, *, display_name: str, profile_image_url: str | None = None
    ) -> Steps[ServerTeam[S_co]]:
        """Make a team with the user in it (``POST /teams``).

        Args:
            display_name: Its name for people.
            profile_image_url: Its picture.

        Raises:
            UserIdDoesNotExist: the account has been deleted.
        """
        body = present(
            display_name=display_name,
            profile_image_url=profile_image_url,
            creator_user_id=self.id,
        )
        answer = yield from self._session.post(at("teams"), body)
        return ServerTeam.read(self._session, answer)

    @operation
    def get_team_profile(self, team: AnyTeam) -> Steps[ServerTeamMemberProfile[S_co]]:
        """Return how the user appears in a team (``GET /team-member-profiles/{team}/{user}``).

        Args:
            team: The team, or its id.

        Raises:
            TeamMembershipNotFound: the user is not a member.
        """
        path = at("team-member-profiles", team_id_of(team), self._me)
        answer = yield from self._session.get(path)
        return ServerTeamMemberProfile.read(self._session, answer)
