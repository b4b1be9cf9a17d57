"""The JSON of users: what a client sees (21 members), what a server sees besides (6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from keyturn.server.accounts.rules import LONGEST_EMAIL, email_problem
from keyturn.server.mfa.rules import secret_from
from keyturn.server.stack.endpoint import Flag, Search, Wire
from keyturn.server.teams.wire import ImageUrl, Pagination, TeamServerView, TeamView, team_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.accounts.rules import User
    from keyturn.server.oauth_providers.rules import ProviderAccount
    from keyturn.server.teams.rules import Team


def _deliverable(address: str) -> str:
    problem = email_problem(address)
    if problem:
        raise ValueError(problem)
    return address.strip()


Email = Annotated[
    str,
    StringConstraints(max_length=LONGEST_EMAIL, min_length=3),
    AfterValidator(_deliverable),
    Field(json_schema_extra={"format": "email"}),
]


def _totp_secret(text: str) -> str:
    secret_from(text)
    return text


TotpSecret = Annotated[
    str, AfterValidator(_totp_secret), Field(json_schema_extra={"format": "byte"})
]
# Members that clients know and this version answers with 501; the document leaves them out.
T = TypeVar("T")
NotBuilt = Annotated[T, SkipJsonSchema()]

Name = Annotated[str, StringConstraints(max_length=256)]
Reason = Annotated[str, StringConstraints(max_length=1024)]


class RestrictedReason(Wire):
    """Why a user may not yet do everything."""

    type: str


class OAuthProviderOfUser(Wire):
    """An account elsewhere that signs in here."""

    id: str
    account_id: str
    email: str | None


class SignUpScores(Wire):
    """How suspicious a sign-up was, from 0 to 100."""

    bot: Annotated[int, Field(ge=0, le=100)]
    free_trial_abuse: Annotated[int, Field(ge=0, le=100)]


class RiskScores(Wire):
    """What an operator noted about a user's sign-up."""

    sign_up: SignUpScores


class UserView(Wire):
    """A user, as it sees itself."""

    id: str
    display_name: str | None
    primary_email: str | None
    primary_email_verified: bool
    profile_image_url: str | None
    signed_up_at_millis: int
    has_password: bool
    auth_with_email: bool
    otp_auth_enabled: bool
    passkey_auth_enabled: bool
    requires_totp_mfa: bool
    is_anonymous: bool
    is_restricted: bool
    restricted_reason: RestrictedReason | None
    restricted_by_admin: bool
    restricted_by_admin_reason: str | None
    oauth_providers: list[OAuthProviderOfUser]
    client_metadata: Any
    client_read_only_metadata: Any
    selected_team_id: str | None
    selected_team: TeamServerView | TeamView | None


class UserServerView(UserView):
    """A user, as a server sees it."""

    primary_email_auth_enabled: bool
    server_metadata: Any
    last_active_at_millis: int
    restricted_by_admin_private_details: str | None
    country_code: str | None
    risk_scores: RiskScores


class UserPage(Wire):
    """One page of users."""

    items: list[UserServerView]
    is_paginated: bool = True
    pagination: Pagination


class UserQuery(Wire):
    """Which users to list. Anonymous and restricted ones only if asked for."""

    cursor: str | None = None
    limit: Annotated[str, Field(pattern="^[1-9][0-9]{0,3}$")] | None = None
    order_by: Literal["signed_up_at", "last_active_at"] | None = None
    desc: Flag | None = None
    query: Search | None = None
    team_id: str | None = None
    include_anonymous: Flag | None = None
    only_anonymous: Flag | None = None
    include_restricted: Flag | None = None


class UserUpdate(Wire):
    """What a user can change about itself."""

    display_name: Name | None = None
    profile_image_url: ImageUrl | None = None
    client_metadata: Any = None
    selected_team_id: str | None = None
    primary_email: Email | None = None
    otp_auth_enabled: bool = False
    passkey_auth_enabled: bool = False
    totp_secret_base64: TotpSecret | None = None


class UserServerUpdate(UserUpdate):
    """What a server can change about a user."""

    client_read_only_metadata: Any = None
    server_metadata: Any = None
    primary_email_verified: bool = False
    primary_email_auth_enabled: bool = False
    password: str | None = None
    password_hash: NotBuilt[str | None] = None
    is_anonymous: Literal[False] = False
    restricted_by_admin: bool = False
    restricted_by_admin_reason: Reason | None = None
    restricted_by_admin_private_details: Reason | None = None
    country_code: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    risk_scores: RiskScores | None = None


class UserCreate(Wire):
    """A new user."""

    display_name: Name | None = None
    profile_image_url: ImageUrl | None = None
    client_metadata: Any = None
    client_read_only_metadata: Any = None
    server_metadata: Any = None
    primary_email: Email | None = None
    primary_email_verified: bool = False
    primary_email_auth_enabled: bool = True
    otp_auth_enabled: bool = False
    passkey_auth_enabled: bool = False
    totp_secret_base64: TotpSecret | None = None
    password: str | None = None
    password_hash: NotBuilt[str | None] = None
    is_anonymous: bool = False
    oauth_providers: NotBuilt[list[OAuthProviderOfUser]] = Field(default_factory=list)
    restricted_by_admin: bool = False
    restricted_by_admin_reason: Reason | None = None
    restricted_by_admin_private_details: Reason | None = None
    country_code: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    risk_scores: RiskScores | None = None


def user_view(
    user: User,
    selected: Team | None,
    *,
    for_client: bool,
    providers: Sequence[ProviderAccount] = (),
) -> UserView:
    """Render a user for one kind of access; ``providers`` are where it signs in from."""
    values: dict[str, Any] = {
        "id": user.id,
        "display_name": user.display_name,
        "primary_email": user.primary_email,
        "primary_email_verified": user.primary_email_verified,
        "profile_image_url": user.profile_image_url,
        "signed_up_at_millis": user.signed_up_at,
        "has_password": user.password_hash is not None,
        "auth_with_email": user.password_hash is not None or user.otp_auth_enabled,
        "otp_auth_enabled": user.otp_auth_enabled,
        "passkey_auth_enabled": user.passkey_auth_enabled,
        "requires_totp_mfa": user.requires_totp_mfa,
        "is_anonymous": user.is_anonymous,
        "is_restricted": user.restriction is not None,
        "restricted_reason": RestrictedReason(type=user.restriction) if user.restriction else None,
        "restricted_by_admin": user.restricted_by_admin,
        "restricted_by_admin_reason": user.restricted_reason,
        "oauth_providers": [
            OAuthProviderOfUser(id=one.provider_id, account_id=one.account_id, email=one.email)
            for one in providers
        ],
        "client_metadata": user.client_metadata,
        "client_read_only_metadata": user.client_read_only_metadata,
        "selected_team_id": selected.id if selected else None,
        "selected_team": team_view(selected, for_client=for_client) if selected else None,
    }
    if for_client:
        return UserView(**values)
    return UserServerView(**values, **_server_members(user))


def _server_members(user: User) -> dict[str, Any]:
    scores = user.risk_scores or {"sign_up": {"bot": 0, "free_trial_abuse": 0}}
    return {
        "primary_email_auth_enabled": user.sign_in_email is not None,
        "server_metadata": user.server_metadata,
        "last_active_at_millis": user.last_active_at,
        "restricted_by_admin_private_details": user.restricted_private_details,
        "country_code": user.country_code,
        "risk_scores": RiskScores.model_validate(scores),
    }
