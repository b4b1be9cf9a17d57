"""The signed-in user (specification: types/users/current-user.spec.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resources.active_session import SessionOperations
from keyturn.sdk.resources.base_user import BaseUser, user_fields
from keyturn.sdk.resources.contact_channel import ContactChannelOperations
from keyturn.sdk.resources.features import CurrentUserFeatures
from keyturn.sdk.resources.team import Team
from keyturn.sdk.resources.user_teams import AnyTeam, OwnTeamOperations, team_id_of
from keyturn.sdk.resources.user_tokens import CurrentSessionOperations
from keyturn.sdk.values import UNSET, Json, Members, Unset, at, given, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class CurrentUser(
    CurrentSessionOperations[S_co],
    SessionOperations[S_co],
    ContactChannelOperations[S_co],
    OwnTeamOperations[S_co],
    CurrentUserFeatures[S_co],
    BaseUser[S_co],
    Generic[S_co],
):
    """The user of a session, who may change what is theirs.

    ``CurrentUser`` is the blocking form, ``CurrentUser[Async]`` the awaitable one.

    Attributes:
        selected_team: The team that the user works in just now.
    """

    selected_team: Team[S_co] | None

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> CurrentUser[S_co]:
        """Read a user off an answer."""
        team = answer.members_or_none("selected_team")
        return cls(
            **user_fields(session, answer),
            selected_team=Team.read(session, team) if team else None,
        )

    @operation
    def update(
        self,
        *,
        display_name: str | Unset | None = UNSET,
        client_metadata: Json | Unset = UNSET,
        selected_team_id: str | Unset | None = UNSET,
        profile_image_url: str | Unset | None = UNSET,
        otp_auth_enabled: bool | Unset = UNSET,
        passkey_auth_enabled: bool | Unset = UNSET,
        primary_email: str | Unset | None = UNSET,
        totp_multi_factor_secret: bytes | Unset | None = UNSET,
    ) -> Steps[None]:
        """Change the user (``PATCH /users/me``); what is not given stays as it is.

        Args:
            display_name: A name for people.
            client_metadata: What the user's programs keep there.
            selected_team_id: The team to work in.
            profile_image_url: A picture: its address, or the picture itself as ``data:`` URL.
            otp_auth_enabled: Whether mailed codes and links sign in.
            passkey_auth_enabled: Whether a passkey signs in; ``False`` takes it away.
            primary_email: The address to write to.
            totp_multi_factor_secret: The secret of the one-time passwords that signing in then asks
                for; ``None``: no longer.

        Raises:
            StackApiError: the server does not take a value.
        """
        secret = totp_multi_factor_secret
        body = given(
            display_name=display_name,
            client_metadata=client_metadata,
            selected_team_id=selected_team_id,
            profile_image_url=profile_image_url,
            otp_auth_enabled=otp_auth_enabled,
            passkey_auth_enabled=passkey_auth_enabled,
            primary_email=primary_email,
            totp_secret_base64=(
                base64.b64encode(secret).decode() if isinstance(secret, bytes) else secret
            ),
        )
        answer = yield from self._session.patch(at("users", "me"), body)
        self._become(CurrentUser.read(self._session, answer))

    @operation
    def delete(self) -> Steps[None]:
        """Delete the account (``DELETE /users/me``) and forget the session's tokens.

        Raises:
            StackStatusError: the project does not let its users do that.
        """
        tokens = self._session.tokens
        ended = None if tokens is None else tokens.get_stored_refresh_token()
        yield from self._session.delete(at("users", "me"))
        if tokens is not None and not tokens.is_read_only:
            tokens.forget(ended)

    @operation
    def set_display_name(self, display_name: str | None) -> Steps[None]:
        """Change the name for people (``PATCH /users/me``).

        Args:
            display_name: The name; ``None``: none.
        """
        yield from CurrentUser.update.steps(self, display_name=display_name)

    @operation
    def set_client_metadata(self, metadata: Json) -> Steps[None]:
        """Replace what the user's programs keep there (``PATCH /users/me``).

        Args:
            metadata: Any JSON; what was there is gone.
        """
        yield from CurrentUser.update.steps(self, client_metadata=metadata)

    @operation
    def create_team(
        self, *, display_name: str, profile_image_url: str | None = None
    ) -> Steps[Team[S_co]]:
        """Make a team with the user in it (``POST /teams``), and select it.

        Args:
            display_name: Its name for people.
            profile_image_url: Its picture.

        Raises:
            StackStatusError: the project does not let its users make teams.
        """
        body = present(
            display_name=display_name, profile_image_url=profile_image_url, creator_user_id="me"
        )
        answer = yield from self._session.post(at("teams"), body)
        team = Team.read(self._session, answer)
        yield from CurrentUser.update.steps(self, selected_team_id=team.id)
        return team

    @operation
    def set_selected_team(self, team: AnyTeam | None) -> Steps[None]:
        """Work in another team (``PATCH /users/me``).

        Args:
            team: The team, or its id; ``None``: in no team.

        Raises:
            TeamNotFound, TeamMembershipNotFound: the user is not a member.
        """
        selected = None if team is None else team_id_of(team)
        yield from CurrentUser.update.steps(self, selected_team_id=selected)

    @property
    def _me(self) -> str:
        return "me"
