"""How a member appears in one team (specification: types/teams/team-member-profile.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resource import Resource
from keyturn.sdk.values import UNSET, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMemberProfile:
    """How a member appears in one team, where that may differ from elsewhere.

    Attributes:
        user_id: The member.
        display_name: The name there.
        profile_image_url: The picture there.
    """

    user_id: str
    display_name: str | None
    profile_image_url: str | None

    @classmethod
    def read(cls, answer: Members) -> TeamMemberProfile:
        """Read a profile off an answer."""
        return cls(
            user_id=answer.text("user_id"),
            display_name=answer.text_or_none("display_name"),
            profile_image_url=answer.text_or_none("profile_image_url"),
        )


@dataclass(eq=False, kw_only=True)
class EditableTeamMemberProfile(Resource[S_co], Generic[S_co]):
    """How the signed-in user appears in one team, and may change it.

    Attributes:
        team_id: The team.
        user_id: The user.
        display_name: The name there.
        profile_image_url: The picture there.
    """

    team_id: str
    user_id: str
    display_name: str | None
    profile_image_url: str | None

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> EditableTeamMemberProfile[S_co]:
        """Read a profile off an answer."""
        return cls(**_fields(session, answer))

    @operation
    def update(
        self,
        *,
        display_name: str | Unset | None = UNSET,
        profile_image_url: str | Unset | None = UNSET,
    ) -> Steps[None]:
        """Change how the user appears (``PATCH /team-member-profiles/{team}/me``).

        Args:
            display_name: The name there; ``None``: the same as elsewhere.
            profile_image_url: The picture there; ``None``: the same as elsewhere.

        Raises:
            TeamNotFound: the user is no longer a member.
        """
        body = given(display_name=display_name, profile_image_url=profile_image_url)
        path = at("team-member-profiles", self.team_id, "me")
        answer = yield from self._session.patch(path, body)
        self._become(EditableTeamMemberProfile.read(self._session, answer))


@dataclass(eq=False, kw_only=True)
class ServerTeamMemberProfile(Resource[S_co], Generic[S_co]):
    """How a member appears in one team, as servers see and change it.

    Attributes:
        team_id: The team.
        user_id: The member.
        display_name: The name there.
        profile_image_url: The picture there.
    """

    team_id: str
    user_id: str
    display_name: str | None
    profile_image_url: str | None

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ServerTeamMemberProfile[S_co]:
        """Read a profile off an answer."""
        return cls(**_fields(session, answer))

    @operation
    def update(
        self,
        *,
        display_name: str | Unset | None = UNSET,
        profile_image_url: str | Unset | None = UNSET,
    ) -> Steps[None]:
        """Change how the member appears (``PATCH /team-member-profiles/{team}/{user}``).

        Args:
            display_name: The name there; ``None``: the same as elsewhere.
            profile_image_url: The picture there; ``None``: the same as elsewhere.

        Raises:
            TeamMembershipNotFound: the user is no longer a member.
        """
        body = given(display_name=display_name, profile_image_url=profile_image_url)
        path = at("team-member-profiles", self.team_id, self.user_id)
        answer = yield from self._session.patch(path, body)
        self._become(ServerTeamMemberProfile.read(self._session, answer))


def _fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    return {
        "_session": session,
        "team_id": answer.text("team_id"),
        "user_id": answer.text("user_id"),
        "display_name": answer.text_or_none("display_name"),
        "profile_image_url": answer.text_or_none("profile_image_url"),
    }
