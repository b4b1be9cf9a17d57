"""What users and teams can do, put together from one file per area of the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co
from keyturn.sdk.resources.api_keys import TeamApiKeyOperations, UserApiKeyOperations
from keyturn.sdk.resources.customer import Customer, ServerCustomer
from keyturn.sdk.resources.notification_category import NotificationOperations
from keyturn.sdk.resources.oauth_connection import (
    OAuthProviderOperations,
    ServerOAuthProviderOperations,
)
from keyturn.sdk.resources.passkey import PasskeyOperations, ServerPasskeyOperations
from keyturn.sdk.resources.passwords import PasswordOperations, ServerPasswordOperations
from keyturn.sdk.resources.permission import PermissionOperations, ServerPermissionOperations

if TYPE_CHECKING:
    from keyturn.sdk.resources.item import CustomerId


class CurrentUserFeatures(
    PasswordOperations[S_co],
    PasskeyOperations[S_co],
    PermissionOperations[S_co],
    UserApiKeyOperations[S_co],
    OAuthProviderOperations[S_co],
    NotificationOperations[S_co],
    Customer[S_co],
    Generic[S_co],
):
    """What the signed-in user can do besides belonging to teams."""

    @property
    def _customer(self) -> CustomerId:
        return ("user", self.id)


class ServerUserFeatures(
    ServerPasswordOperations[S_co],
    ServerPasskeyOperations[S_co],
    ServerPermissionOperations[S_co],
    UserApiKeyOperations[S_co],
    ServerOAuthProviderOperations[S_co],
    NotificationOperations[S_co],
    ServerCustomer[S_co],
    Generic[S_co],
):
    """What servers can do for a user besides teams."""

    @property
    def _customer(self) -> CustomerId:
        return ("user", self.id)


class TeamFeatures(TeamApiKeyOperations[S_co], Customer[S_co], Generic[S_co]):
    """What members can do for a team besides its members."""

    @property
    def _customer(self) -> CustomerId:
        return ("team", self.id)


class ServerTeamFeatures(TeamApiKeyOperations[S_co], ServerCustomer[S_co], Generic[S_co]):
    """What servers can do for a team besides its members."""

    @property
    def _customer(self) -> CustomerId:
        return ("team", self.id)
