"""The Python SDK for the Stack-compatible API.

Needs ``pip install 'keyturn[sdk]'``. Every operation comes in two forms from one body::

    app = StackClientApp(project_id="...")              # blocking
    app = StackClientApp[Async](project_id="...")       # awaitable

Error codes of the API are classes of ``keyturn.sdk.known_errors``.
"""

from keyturn.sdk.binding import Async, Sync
from keyturn.sdk.client_app import StackClientApp
from keyturn.sdk.errors import (
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
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.resources.current_user import CurrentUser
from keyturn.sdk.resources.project import Project, ProjectConfig
from keyturn.sdk.resources.server_user import ServerUser
from keyturn.sdk.resources.team import Team
from keyturn.sdk.server_app import StackServerApp
from keyturn.sdk.token_sources import TokenStoreInit, TokenStoreRegistry
from keyturn.sdk.token_store import MemoryTokenStore, TokenPair, TokenStore
from keyturn.sdk.values import UNSET, Unset

__all__ = [
    "Async",
    "BaseUser",
    "CurrentUser",
    "MemoryTokenStore",
    "NotSupportedByServer",
    "OAuthError",
    "Page",
    "Project",
    "ProjectConfig",
    "ServerUser",
    "StackApiError",
    "StackClientApp",
    "StackSdkError",
    "StackServerApp",
    "StackStatusError",
    "Sync",
    "Team",
    "TokenPair",
    "TokenStore",
    "TokenStoreInit",
    "TokenStoreReadOnly",
    "TokenStoreRegistry",
    "TokenStoreRequired",
    "UNSET",
    "Unset",
    "UserNotSignedIn",
]
