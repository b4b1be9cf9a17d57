"""Teams as the project's servers see them (specification: types/teams/server-team.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import DEFAULT_LIMIT, Page, listing
from keyturn.sdk.resources.features import ServerTeamFeatures
from keyturn.sdk.resources.team import BaseTeam, team_fields
from keyturn.sdk.values import UNSET, Json, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.resources.server_team_user import ServerTeamUser
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class ServerTeam(ServerTeamFeatures[S_co], BaseTeam[S_co], Generic[S_co]):
    """A team with everything that servers may see and change.

    ``ServerTeam`` is the blocking form, ``ServerTeam[Async]`` the awaitable one.

    Attributes:
        created_at: When it was made.
        server_metadata: What servers keep there for themselves.
    """

    created_at: datetime
    server_metadata: Json

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ServerTeam[S_co]:
        """Read a team off an answer."""
        return cls(
            **team_fields(session, answer),
            created_at=answer.moment("created_at_millis"),
            server_metadata=answer.json("server_metadata"),
        )

    @operation
    def update(
        self,
        *,
        display_name: str | Unset = UNSET,
        profile_image_url: str | Unset | None = UNSET,
        client_metadata: Json | Unset = UNSET,
        client_read_only_metadata: Json | Unset = UNSET,
        server_metadata: Json | Unset = UNSET,
    ) -> Steps[None]:
        """Change this team (``PATCH /teams/{id}``); what is not given stays as it is.

        Args:
            display_name: Its name for people.
            profile_image_url: Its picture; ``None`` takes it away.
            client_metadata: What its members keep there.
            client_read_only_metadata: What servers keep there for its members to read.
            server_metadata: What servers keep there for themselves.

        Raises:
            TeamNotFound: it has been deleted.
        """
        body = given(
            display_name=display_name,
            profile_image_url=profile_image_url,
            client_metadata=client_metadata,
            client_read_only_metadata=client_read_only_metadata,
            server_metadata=server_metadata,
        )
        answer = yield from self._session.patch(at("teams", self.id), body)
        self._become(ServerTeam.read(self._session, answer))

    @listing
    def list_users(
        self, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Steps[Page[ServerTeamUser[S_co], S_co]]:
        """List the members (``GET /users?team_id=``), restricted and anonymous ones too.

        Args:
            cursor: A page's ``next_cursor``, to go on from there.
            limit: How many per page.
        """
        from keyturn.sdk.resources.server_team_user import members_of

        return members_of(self._session, self.id, cursor=cursor, limit=limit)

    @operation
    def add_user(self, user_id: str) -> Steps[None]:
        """Make a user a member, without asking (``POST /team-memberships/{team}/{user}``).

        Args:
            user_id: The user's id.

        Raises:
            TeamMembershipAlreadyExists: the user is a member already.
            UserNotFound: there is no such user.
        """
        yield from self._session.post(at("team-memberships", self.id, user_id))

    @operation
    def remove_user(self, user_id: str) -> Steps[None]:
        """End a user's membership (``DELETE /team-memberships/{team}/{user}``).

        Args:
            user_id: The user's id.

        Raises:
            TeamMembershipNotFound: the user is not a member.
        """
        yield from self._session.delete(at("team-memberships", self.id, user_id))
