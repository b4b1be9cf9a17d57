"""Teams as their members see them (specification: types/teams/team.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resource import Resource
from keyturn.sdk.values import UNSET, Json, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class BaseTeam(Resource[S_co], Generic[S_co]):
    """What members and servers alike see of a team.

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


@dataclass(eq=False, kw_only=True)
class Team(BaseTeam[S_co], Generic[S_co]):
    """A team. ``Team`` is the blocking form, ``Team[Async]`` the awaitable one."""

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> Team[S_co]:
        """Read a team off an answer."""
        return cls(
            _session=session,
            id=answer.text("id"),
            display_name=answer.text("display_name"),
            profile_image_url=answer.text_or_none("profile_image_url"),
            client_metadata=answer.json("client_metadata"),
            client_read_only_metadata=answer.json("client_read_only_metadata"),
        )

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
