"""What every user object has (specification: types/users/base-user.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import S_co
from keyturn.sdk.resource import Resource

if TYPE_CHECKING:
    from keyturn.sdk.session import Session
    from keyturn.sdk.values import Json, Members

CLIENT_KEYS = (
    "auth_with_email",
    "client_metadata",
    "client_read_only_metadata",
    "display_name",
    "has_password",
    "id",
    "is_anonymous",
    "is_restricted",
    "oauth_providers",
    "otp_auth_enabled",
    "passkey_auth_enabled",
    "primary_email",
    "primary_email_verified",
    "profile_image_url",
    "requires_totp_mfa",
    "restricted_by_admin",
    "restricted_by_admin_reason",
    "restricted_reason",
    "selected_team",
    "selected_team_id",
    "signed_up_at_millis",
)


@dataclass(eq=False, kw_only=True)
class BaseUser(Resource[S_co], Generic[S_co]):
    """A user, with what may be shown to that user.

    Attributes:
        id: The user's id; the one thing that never changes.
        display_name: A name for people.
        primary_email: Not unique among users; use ``id`` to tell them apart.
        primary_email_verified: Whether a mail to it has been answered.
        profile_image_url: A picture.
        signed_up_at: When the account was made, or stopped being anonymous.
        client_metadata: What the user's programs keep there.
        client_read_only_metadata: What servers keep there for those programs to read.
        has_password: Whether there is a password to sign in with.
        otp_auth_enabled: Whether mailed codes and links sign in.
        passkey_auth_enabled: Whether a passkey signs in.
        is_multi_factor_required: Whether signing in asks for a one-time password as well.
        is_anonymous: Whether nobody has signed up yet.
        is_restricted: Whether something has to be done first, such as verifying the address.
        restricted_reason: Why, as ``anonymous`` or ``email_not_verified``.
        oauth_providers: Accounts elsewhere that sign in here, as the server lists them.
    """

    id: str
    display_name: str | None
    primary_email: str | None
    primary_email_verified: bool
    profile_image_url: str | None
    signed_up_at: datetime
    client_metadata: Json
    client_read_only_metadata: Json
    has_password: bool
    otp_auth_enabled: bool
    passkey_auth_enabled: bool
    is_multi_factor_required: bool
    is_anonymous: bool
    is_restricted: bool
    restricted_reason: str | None
    oauth_providers: list[dict[str, Json]]
    _answer: Members = field(repr=False)

    def to_client_json(self) -> dict[str, Json]:
        """Return the user as the API shows it to clients, by its names there."""
        known = self._answer.as_json()
        return {key: known[key] for key in CLIENT_KEYS if key in known}

    @property
    def _me(self) -> str:
        """What stands for the user in a path."""
        return self.id


def user_fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    """Return the fields that all kinds of users share, read off an answer."""
    reason = answer.members_or_none("restricted_reason")
    return {
        "_session": session,
        "_answer": answer,
        "id": answer.text("id"),
        "display_name": answer.text_or_none("display_name"),
        "primary_email": answer.text_or_none("primary_email"),
        "primary_email_verified": answer.flag("primary_email_verified"),
        "profile_image_url": answer.text_or_none("profile_image_url"),
        "signed_up_at": answer.moment("signed_up_at_millis"),
        "client_metadata": answer.json("client_metadata"),
        "client_read_only_metadata": answer.json("client_read_only_metadata"),
        "has_password": answer.flag("has_password"),
        "otp_auth_enabled": answer.flag("otp_auth_enabled"),
        "passkey_auth_enabled": answer.flag("passkey_auth_enabled", default=False),
        "is_multi_factor_required": answer.flag("requires_totp_mfa", default=False),
        "is_anonymous": answer.flag("is_anonymous", default=False),
        "is_restricted": answer.flag("is_restricted", default=False),
        "restricted_reason": reason.text("type") if reason else None,
        "oauth_providers": [each.as_json() for each in answer.items("oauth_providers")],
    }
