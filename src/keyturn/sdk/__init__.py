"""The Python SDK for the Stack-compatible API.

Needs ``pip install 'keyturn[sdk]'``. Every operation comes in two forms from one body::

    app = StackClientApp(project_id="...")              # blocking
    app = StackClientApp[Async](project_id="...")       # awaitable

Error codes of the API are classes of ``keyturn.sdk.known_errors``.
"""

try:
    import typing_extensions as _typing_extensions  # noqa: F401 - is it there?
except ImportError:
    from keyturn.protocol.errors import MissingExtra

    raise MissingExtra("sdk", needed_for="keyturn.sdk") from None

from keyturn.sdk.apps.invitations import TeamInvitationDetails
from keyturn.sdk.apps.oauth import OAuthUrl
from keyturn.sdk.apps.partial_user import TokenPartialUser
from keyturn.sdk.binding import Async, Sync
from keyturn.sdk.client_app import StackClientApp
from keyturn.sdk.errors import (
    DataVaultValueUnreadable,
    NotSupportedByServer,
    OAuthError,
    StackApiError,
    StackSdkError,
    StackStatusError,
    TokenStoreReadOnly,
    TokenStoreRequired,
    UserNotSignedIn,
)
from keyturn.sdk.paging import Page
from keyturn.sdk.passkeys import Authenticator
from keyturn.sdk.resources.active_session import ActiveSession, GeoInfo, UserSession
from keyturn.sdk.resources.api_keys import (
    ApiKey,
    TeamApiKey,
    TeamApiKeyFirstView,
    UserApiKey,
    UserApiKeyFirstView,
)
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.resources.contact_channel import ContactChannel, ServerContactChannel
from keyturn.sdk.resources.current_user import CurrentUser
from keyturn.sdk.resources.customer import Customer, ServerCustomer
from keyturn.sdk.resources.data_vault import DataVaultStore
from keyturn.sdk.resources.email import EmailCapacity, EmailDeliveryInfo, EmailDeliveryStats
from keyturn.sdk.resources.item import Item, ServerItem
from keyturn.sdk.resources.notification_category import NotificationCategory
from keyturn.sdk.resources.oauth_connection import (
    OAuthConnection,
    OAuthProvider,
    ServerOAuthProvider,
)
from keyturn.sdk.resources.permission import ProjectPermission, TeamPermission
from keyturn.sdk.resources.product import (
    CustomerBilling,
    CustomerDefaultPaymentMethod,
    CustomerPaymentMethodSetupIntent,
    CustomerProduct,
    InlineProduct,
    Price,
    SubscriptionInfo,
    SwitchOption,
)
from keyturn.sdk.resources.project import Project, ProjectConfig
from keyturn.sdk.resources.server_team import ServerTeam
from keyturn.sdk.resources.server_team_user import ServerTeamUser
from keyturn.sdk.resources.server_user import ServerUser
from keyturn.sdk.resources.team import Team, TeamUser
from keyturn.sdk.resources.team_invitation import TeamInvitation
from keyturn.sdk.resources.team_member_profile import (
    EditableTeamMemberProfile,
    ServerTeamMemberProfile,
    TeamMemberProfile,
)
from keyturn.sdk.resources.user_tokens import CurrentSession
from keyturn.sdk.server_app import StackServerApp
from keyturn.sdk.token_sources import TokenStoreInit, TokenStoreRegistry
from keyturn.sdk.token_store import MemoryTokenStore, TokenPair, TokenStore
from keyturn.sdk.values import UNSET, Unset

__all__ = [
    "ActiveSession",
    "ApiKey",
    "Async",
    "Authenticator",
    "BaseUser",
    "ContactChannel",
    "CurrentSession",
    "CurrentUser",
    "Customer",
    "CustomerBilling",
    "CustomerDefaultPaymentMethod",
    "CustomerPaymentMethodSetupIntent",
    "CustomerProduct",
    "DataVaultStore",
    "DataVaultValueUnreadable",
    "EditableTeamMemberProfile",
    "EmailCapacity",
    "EmailDeliveryInfo",
    "EmailDeliveryStats",
    "GeoInfo",
    "InlineProduct",
    "Item",
    "MemoryTokenStore",
    "NotSupportedByServer",
    "NotificationCategory",
    "OAuthConnection",
    "OAuthError",
    "OAuthProvider",
    "OAuthUrl",
    "Page",
    "Price",
    "Project",
    "ProjectConfig",
    "ProjectPermission",
    "ServerContactChannel",
    "ServerCustomer",
    "ServerItem",
    "ServerOAuthProvider",
    "ServerTeam",
    "ServerTeamMemberProfile",
    "ServerTeamUser",
    "ServerUser",
    "StackApiError",
    "StackClientApp",
    "StackSdkError",
    "StackServerApp",
    "StackStatusError",
    "SubscriptionInfo",
    "SwitchOption",
    "Sync",
    "Team",
    "TeamApiKey",
    "TeamApiKeyFirstView",
    "TeamInvitation",
    "TeamInvitationDetails",
    "TeamMemberProfile",
    "TeamPermission",
    "TeamUser",
    "TokenPair",
    "TokenPartialUser",
    "TokenStore",
    "TokenStoreInit",
    "TokenStoreReadOnly",
    "TokenStoreRegistry",
    "TokenStoreRequired",
    "UNSET",
    "Unset",
    "UserApiKey",
    "UserApiKeyFirstView",
    "UserNotSignedIn",
    "UserSession",
]
