"""Invitations to teams, as those who got one see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.token_sources import TokenStoreInit


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamInvitationDetails:
    """Which team an invitation is to.

    Attributes:
        team_id: The team's id.
        team_display_name: Its name for people.
    """

    team_id: str
    team_display_name: str


class InvitationOperations(BaseApp[S_co], Generic[S_co]):
    """Accepting an invitation."""

    @operation
    def accept_team_invitation(
        self, code: str, *, token_store: TokenStoreInit | None = None
    ) -> Steps[None]:
        """Join the team of a mailed code (``POST /team-invitations/accept``).

        Args:
            code: The code in the mailed link.
            token_store: Who joins; whoever is signed in to the app where left out.

        Raises:
            VerificationCodeError: the code is wrong, used or expired.
            UserAuthenticationRequired: nobody is signed in.
        """
        path = at("team-invitations", "accept")
        yield from self._as_user(token_store).post(path, {"code": code})

    @operation
    def verify_team_invitation_code(
        self, code: str, *, token_store: TokenStoreInit | None = None
    ) -> Steps[None]:
        """Check a mailed code without using it up (``POST /team-invitations/accept/check-code``).

        Args:
            code: The code in the mailed link.
            token_store: Who asks; whoever is signed in to the app where left out.

        Raises:
            VerificationCodeError: the code is wrong, used or expired.
        """
        path = at("team-invitations", "accept", "check-code")
        yield from self._as_user(token_store).post(path, {"code": code})

    @operation
    def get_team_invitation_details(
        self, code: str, *, token_store: TokenStoreInit | None = None
    ) -> Steps[TeamInvitationDetails]:
        """Return which team a mailed code is for (``POST /team-invitations/accept/details``).

        Args:
            code: The code in the mailed link.
            token_store: Who asks; whoever is signed in to the app where left out.

        Raises:
            VerificationCodeError: the code is wrong, used or expired.
            UserAuthenticationRequired: nobody is signed in.
        """
        path = at("team-invitations", "accept", "details")
        answer = yield from self._as_user(token_store).post(path, {"code": code})
        return TeamInvitationDetails(
            team_id=answer.text("team_id"), team_display_name=answer.text("team_display_name")
        )
