"""Invitations to teams (specification: types/teams/team.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resource import Resource
from keyturn.sdk.values import Members, at

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class TeamInvitation(Resource[S_co], Generic[S_co]):
    """An invitation that could still be accepted.

    Attributes:
        id: The invitation's id.
        team_id: The team it is to.
        recipient_email: Where it was mailed to.
        expires_at: Until when it can be accepted.
    """

    id: str
    team_id: str
    recipient_email: str | None
    expires_at: datetime

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> TeamInvitation[S_co]:
        """Read an invitation off an answer."""
        return cls(
            _session=session,
            id=answer.text("id"),
            team_id=answer.text("team_id"),
            recipient_email=answer.text_or_none("recipient_email"),
            expires_at=answer.moment("expires_at_millis"),
        )

    @operation
    def revoke(self) -> Steps[None]:
        """Take the invitation back (``DELETE /team-invitations/{id}?team_id=``).

        Raises:
            VerificationCodeError: it has been accepted or taken back already, or has expired.
            TeamPermissionRequired: the user may not.
        """
        yield from self._session.delete(at("team-invitations", self.id), team_id=self.team_id)
