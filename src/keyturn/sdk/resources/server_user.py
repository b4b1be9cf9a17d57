"""A user as the project's servers see it (specification: types/users/server-user.spec.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resources.active_session import ServerSessionOperations
from keyturn.sdk.resources.base_user import BaseUser, user_fields
from keyturn.sdk.resources.contact_channel import ServerContactChannelOperations
from keyturn.sdk.resources.features import ServerUserFeatures
from keyturn.sdk.resources.user_teams import AnyTeam, MemberTeamOperations, team_id_of
from keyturn.sdk.values import UNSET, Json, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class ServerUser(
    ServerSessionOperations[S_co],
    ServerContactChannelOperations[S_co],
    MemberTeamOperations[S_co],
    ServerUserFeatures[S_co],
    BaseUser[S_co],
    Generic[S_co],
):
    """A user with everything that servers may see and change.

    ``ServerUser`` is the blocking form, ``ServerUser[Async]`` the awaitable one.

    Attributes:
        last_active_at: When the user last did something.
        server_metadata: What servers keep there for themselves.
        restricted_by_admin_private_details: Why an operator restricted the user, for operators.
    """

    last_active_at: datetime
    server_metadata: Json
    restricted_by_admin_private_details: str | None

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ServerUser[S_co]:
        """Read a user off an answer."""
        return cls(**server_user_fields(session, answer))

    @operation
    def update(
        self,
        *,
        display_name: str | Unset | None = UNSET,
        client_metadata: Json | Unset = UNSET,
        client_read_only_metadata: Json | Unset = UNSET,
        server_metadata: Json | Unset = UNSET,
        selected_team_id: str | Unset | None = UNSET,
        profile_image_url: str | Unset | None = UNSET,
        primary_email: str | Unset | None = UNSET,
        primary_email_verified: bool | Unset = UNSET,
        primary_email_auth_enabled: bool | Unset = UNSET,
        password: str | Unset = UNSET,
        otp_auth_enabled: bool | Unset = UNSET,
        passkey_auth_enabled: bool | Unset = UNSET,
        totp_multi_factor_secret: bytes | Unset | None = UNSET,
    ) -> Steps[None]:
        """Change the user (``PATCH /users/{id}``); what is not given stays as it is.

        Args:
            display_name: A name for people.
            client_metadata: What the user's programs keep there.
            client_read_only_metadata: What servers keep there for those programs to read.
            server_metadata: What servers keep there for themselves.
            selected_team_id: The team the user works in.
            profile_image_url: A picture: its address, or the picture itself as ``data:`` URL.
            primary_email: The address to write to.
            primary_email_verified: Whether it is known to be the user's.
            primary_email_auth_enabled: Whether it signs in.
            password: A password to sign in with.
            otp_auth_enabled: Whether mailed codes and links sign in.
            passkey_auth_enabled: Whether a passkey signs in; ``False`` takes it away.
            totp_multi_factor_secret: The secret of the one-time passwords that signing in then asks
                for; ``None``: no longer.

        Raises:
            UserNotFound: the account has been deleted.
            StackApiError: the server does not take a value.
        """
        secret = totp_multi_factor_secret
        body = given(
            display_name=display_name,
            client_metadata=client_metadata,
            client_read_only_metadata=client_read_only_metadata,
            server_metadata=server_metadata,
            selected_team_id=selected_team_id,
            profile_image_url=profile_image_url,
            primary_email=primary_email,
            primary_email_verified=primary_email_verified,
            primary_email_auth_enabled=primary_email_auth_enabled,
            password=password,
            otp_auth_enabled=otp_auth_enabled,
            passkey_auth_enabled=passkey_auth_enabled,
            totp_secret_base64=(
                base64.b64encode(secret).decode() if isinstance(secret, bytes) else secret
            ),
        )
        answer = yield from self._session.patch(at("users", self.id), body)
        self._become(ServerUser.read(self._session, answer))

    @operation
    def delete(self) -> Steps[None]:
        """Delete the account (``DELETE /users/{id}``).

        Raises:
            UserNotFound: it has been deleted already.
        """
        yield from self._session.delete(at("users", self.id))

    @operation
    def set_display_name(self, display_name: str | None) -> Steps[None]:
        """Change the name for people (``PATCH /users/{id}``).

        Args:
            display_name: The name; ``None``: none.
        """
        yield from ServerUser.update.steps(self, display_name=display_name)

    @operation
    def set_client_metadata(self, metadata: Json) -> Steps[None]:
        """Replace what the user's programs keep there (``PATCH /users/{id}``).

        Args:
            metadata: Any JSON; what was there is gone.
        """
        yield from ServerUser.update.steps(self, client_metadata=metadata)

    @operation
    def set_client_read_only_metadata(self, metadata: Json) -> Steps[None]:
        """Replace what the user's programs may read only (``PATCH /users/{id}``).

        Args:
            metadata: Any JSON; what was there is gone.
        """
        yield from ServerUser.update.steps(self, client_read_only_metadata=metadata)

    @operation
    def set_server_metadata(self, metadata: Json) -> Steps[None]:
        """Replace what servers keep there for themselves (``PATCH /users/{id}``).

        Args:
            metadata: Any JSON; what was there is gone.
        """
        yield from ServerUser.update.steps(self, server_metadata=metadata)

    @operation
    def set_primary_email(
        self, email: str | None, *, verified: bool | Unset = UNSET
    ) -> Steps[None]:
        """Change the address to write to (``PATCH /users/{id}``).

        Args:
            email: The address; ``None``: none.
            verified: Whether it is known to be the user's.
        """
        yield from ServerUser.update.steps(
            self, primary_email=email, primary_email_verified=verified
        )

    @operation
    def set_password(self, password: str) -> Steps[None]:
        """Give the user a password, whatever there was before (``PATCH /users/{id}``).

        Args:
            password: The one there will be.

        Raises:
            PasswordRequirementsNotMet: the project does not take that password.
        """
        yield from ServerUser.update.steps(self, password=password)

    @operation
    def set_selected_team(self, team: AnyTeam | None) -> Steps[None]:
        """Have the user work in another team (``PATCH /users/{id}``).

        Args:
            team: The team, or its id; ``None``: in no team.

        Raises:
            TeamNotFound, TeamMembershipNotFound: the user is not a member.
        """
        selected = None if team is None else team_id_of(team)
        yield from ServerUser.update.steps(self, selected_team_id=selected)


def server_user_fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    """Return the fields of a server's view of a user."""
    return {
        **user_fields(session, answer),
        "last_active_at": answer.moment("last_active_at_millis"),
        "server_metadata": answer.json("server_metadata"),
        "restricted_by_admin_private_details": answer.text_or_none(
            "restricted_by_admin_private_details"
        ),
    }
