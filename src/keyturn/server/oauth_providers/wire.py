"""The JSON of accounts at providers, and of the tokens for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.oauth_providers.rules import ProviderAccount

AccountId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Scope = Annotated[str, StringConstraints(max_length=1024)]


def _is_absent(value: object) -> bool:
    return value is None


class ProviderAccountView(Wire):
    """An account at a provider, as its user sees it."""

    id: str
    user_id: str
    email: Annotated[str | None, Field(exclude_if=_is_absent)] = None
    provider_config_id: str
    type: str
    allow_sign_in: bool
    allow_connected_accounts: bool


class ProviderAccountServerView(ProviderAccountView):
    """The same for servers, with the provider's own name for the person."""

    account_id: str


class ProviderAccountList(Wire):
    """Accounts, oldest first."""

    items: list[ProviderAccountServerView | ProviderAccountView]
    is_paginated: Literal[False] = False


class ProviderAccountQuery(Wire):
    """Whose accounts; clients say ``me``."""

    user_id: str | None = None


class ProviderAccountUpdate(Wire):
    """What a user can change about an account of its own."""

    allow_sign_in: bool = False
    allow_connected_accounts: bool = False


class ProviderAccountServerUpdate(ProviderAccountUpdate):
    """What a server can change."""

    email: Email = Field(default="", validate_default=False)
    account_id: AccountId = Field(default="", validate_default=False)


class ProviderAccountCreate(Wire):
    """A new account at a provider."""

    user_id: str
    provider_config_id: str
    account_id: AccountId
    email: Email | None = None
    allow_sign_in: bool
    allow_connected_accounts: bool


class ConnectedAccountView(Wire):
    """An account that the user's programs may have tokens for."""

    user_id: str
    provider: str
    provider_account_id: str


class ConnectedAccountList(Wire):
    """Accounts, oldest first."""

    items: list[ConnectedAccountView]
    is_paginated: Literal[False] = False


class AccessTokenRequest(Wire):
    """What the token has to be good for: scopes of the provider."""

    scope: Scope | None = None


class ProviderAccessToken(Wire):
    """An access token of the provider."""

    access_token: str


def account_view(account: ProviderAccount, type_: str, *, for_client: bool) -> ProviderAccountView:
    """Render an account for one kind of access."""
    values: dict[str, Any] = {
        "id": account.id,
        "user_id": account.user_id,
        "email": account.email,
        "provider_config_id": account.provider_id,
        "type": type_,
        "allow_sign_in": account.allow_sign_in,
        "allow_connected_accounts": account.allow_connected_accounts,
    }
    if for_client:
        return ProviderAccountView(**values)
    return ProviderAccountServerView(**values, account_id=account.account_id)
