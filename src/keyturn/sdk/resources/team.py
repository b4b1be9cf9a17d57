"""Teams as their members see them (specification: types/teams/team.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.features import TeamFeatures
from keyturn.sdk.resources.team_invitation import TeamInvitation
from keyturn.sdk.resources.team_member_profile import TeamMemberProfile
from keyturn.sdk.values import UNSET, Json, Members, Unset, at, given, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class BaseTeam(Resource[S_co], Generic[S_co]):
    """What members and servers alike see of a team, and can do with it.

    Attributes:
        id: The team's id.
        display_name: Its name for people.
        profile_image_url: Its picture.
        client_metadata: What its members keep there.
        client_read_only_metadata: What servers keep there for its members to read.
    """

    id: str
    display_name: str
    profile_image_url: str | None
    client_metadata: Json
    client_read_only_metadata: Json

    @operation
    def delete(self) -> Steps[None]:
        """Delete this team (``DELETE /teams/{id}``).

        Raises:
            TeamPermissionRequired: the user may not.
        """
        yield from self._session.delete(at("teams", self.id))

    @operation
    def invite_user(self, email: str, *, callback_url: str | None = None) -> Steps[None]:
        """Mail an invitation (``POST /team-invitations/send-code``).

        Args:
            email: Whom to invite.
            callback_url: Where the mailed link leads, on a domain that the project trusts.

        Raises:
            TeamPermissionRequired: the user may not.
            RedirectUrlNotWhitelisted: the project does not trust that address.
        """
        body = {"email": email, "team_id": self.id, **present(callback_url=callback_url)}
        yield from self._session.post(at("team-invitations", "send-code"), body)

    @listing
    def list_invitations(self) -> Steps[Page[TeamInvitation[S_co], S_co]]:
        """List the invitations that could still be accepted (``GET /team-invitations?team_id=``).

        Raises:
            TeamPermissionRequired: the user may not.
        """
        return self._session.pages(at("team-invitations"), TeamInvitation.read, team_id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamUser:
    """A member of a team, as other members see it.

    Attributes:
        id: The user's id.
        team_profile: How the user appears in this team.
    """

    id: str
    team_profile: TeamMemberProfile

    @classmethod
    def read(cls, _session: object, answer: Members) -> TeamUser:
        """Read a member off an answer."""
        return cls(id=answer.text("user_id"), team_profile=TeamMemberProfile.read(answer))


@dataclass(eq=False, kw_only=True)
class Team(TeamFeatures[S_co], BaseTeam[S_co], Generic[S_co]):
    """A team. ``Team`` is the blocking form, ``Team[Async]`` the awaitable one."""

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> Team[S_co]:
        """Read a team off an answer."""
        return cls(**team_fields(session, answer))

    @operation
    def update(
        self,
        *,
        display_name: str | Unset = UNSET,
        profile_image_url: str | Unset | None = UNSET,
        client_metadata: Json | Unset = UNSET,
    ) -> Steps[None]:
        """Change this team (``PATCH /teams/{id}``); what is not given stays as it is.

        Args:
            display_name: Its name for people.
            profile_image_url: Its picture; ``None`` takes it away.
            client_metadata: What its members keep there.

        Raises:
            TeamPermissionRequired: the user may not.
        """
        body = given(
            display_name=display_name,
            profile_image_url=profile_image_url,
            client_metadata=client_metadata,
        )
        answer = yield from self._session.patch(at("teams", self.id), body)
        self._become(Team.read(self._session, answer))

    @listing
    def list_users(self) -> Steps[Page[TeamUser, S_co]]:
        """List the members (``GET /team-member-profiles?team_id=``).

        Raises:
            TeamPermissionRequired: the user may not.
        """
        return self._session.pages(at("team-member-profiles"), TeamUser.read, team_id=self.id)


def team_fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    """Return the fields that all views of a team share, read off an answer."""
    return {
        "_session": session,
        "id": answer.text("id"),
        "display_name": answer.text("display_name"),
        "profile_image_url": answer.text_or_none("profile_image_url"),
        "client_metadata": answer.json("client_metadata"),
        "client_read_only_metadata": answer.json("client_read_only_metadata"),
    }
