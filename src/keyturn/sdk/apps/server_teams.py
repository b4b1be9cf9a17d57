"""All teams of a project, for its servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import ApiKeyNotValid, TeamNotFound
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resources.server_team import ServerTeam
from keyturn.sdk.values import at, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


class ServerTeamOperations(BaseApp[S_co], Generic[S_co]):
    """Finding and making teams."""

    @listing
    def list_teams(self, *, user_id: str | None = None) -> Steps[Page[ServerTeam[S_co], S_co]]:
        """List the project's teams, or a user's (``GET /teams``).

        Args:
            user_id: Only those that this user belongs to.
        """
        return self._as_project.pages(at("teams"), ServerTeam.read, user_id=user_id)

    @operation
    def create_team(
        self,
        *,
        display_name: str,
        profile_image_url: str | None = None,
        creator_user_id: str | None = None,
    ) -> Steps[ServerTeam[S_co]]:
        """Make a team (``POST /teams``) and return it.

        Args:
            display_name: Its name for people.
            profile_image_url: Its picture.
            creator_user_id: Its first member.

        Raises:
            UserIdDoesNotExist: there is no such user.
        """
        session = self._as_project
        body = present(
            display_name=display_name,
            profile_image_url=profile_image_url,
            creator_user_id=creator_user_id,
        )
        return ServerTeam.read(session, (yield from session.post(at("teams"), body)))

    @operation
    def get_team(
        self, team_id: str | None = None, *, api_key: str | None = None
    ) -> Steps[ServerTeam[S_co] | None]:
        """Return a team (``GET /teams/{id}``); ``None``: there is none.

        Args:
            team_id: The team's id.
            api_key: Instead: a team's API key that somebody called with
                (``POST /team-api-keys/check``). A key that is not good any more is nobody's.

        Raises:
            ValueError: not exactly one of the two.
        """
        if (team_id is None) == (api_key is None):
            raise ValueError("give a team's id or api_key=")
        session = self._as_project
        if team_id is None:
            path = at("team-api-keys", "check")
            team_id = yield from owner_of_key(session, path, api_key or "", "team_id")
        if team_id is None:
            return None
        try:
            return ServerTeam.read(session, (yield from session.get(at("teams", team_id))))
        except TeamNotFound:
            return None


def owner_of_key(session: Session[Any], path: str, api_key: str, member: str) -> Steps[str | None]:
    """Return whose an API key is; ``None``: unknown, revoked, expired or of the other kind."""
    try:
        return (yield from session.post(path, {"api_key": api_key})).text(member)
    except ApiKeyNotValid:
        return None
