"""Connected accounts on the wire: which there are, and providers' access tokens for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth_providers import errors as provider_errors
from keyturn.server.oauth_providers.service import NoSuchUser
from keyturn.server.oauth_providers.tokens import NoToken, ProviderUnavailable
from keyturn.server.oauth_providers.wire import (
    AccessTokenRequest,
    ConnectedAccountList,
    ConnectedAccountView,
    ProviderAccessToken,
)
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire, user_id_of

if TYPE_CHECKING:
    from keyturn.server.oauth_providers.rules import ProviderAccount


async def list_connected_accounts(call: Call[Nothing, Nothing]) -> Wire:
    """List the accounts at providers that a user's programs may have access tokens for."""
    found = await _connected(call, "list connected accounts for their own user.")
    return ConnectedAccountList(
        items=[
            ConnectedAccountView(
                user_id=one.user_id, provider=one.provider_id, provider_account_id=one.account_id
            )
            for one in found
        ]
    )


async def get_access_token_of_provider(call: Call[AccessTokenRequest, Nothing]) -> Wire:
    """Return a provider's access token for the user's account there."""
    return await _access_token(call, account_id=None)


async def get_access_token_of_account(call: Call[AccessTokenRequest, Nothing]) -> Wire:
    """Return a provider's access token for one of the user's accounts there."""
    return await _access_token(call, account_id=call.path["provider_account_id"])


async def _access_token(
    call: Call[AccessTokenRequest, Nothing], *, account_id: str | None
) -> ProviderAccessToken:
    connected = await _connected(call, "access their own connected accounts")
    provider = call.project.config.provider(call.path["provider_id"])
    if provider is None:
        raise provider_errors.provider_not_found_or_not_enabled()
    found = [
        one
        for one in connected
        if one.provider_id == provider.id and account_id in (None, one.account_id)
    ]
    if not found:
        raise provider_errors.not_connected_to_user()
    for account in found:
        try:
            token = await call.services.provider_tokens.access_token(
                provider, account, scope=call.body.scope
            )
        except NoToken:
            continue
        except ProviderUnavailable:
            raise provider_errors.temporarily_unavailable() from None
        return ProviderAccessToken(access_token=token)
    raise provider_errors.does_not_have_required_scope()


async def _connected(call: Call[Any, Any], may_only: str) -> list[ProviderAccount]:
    user_id = user_id_of(call, call.path["user_id"])
    if call.caller.is_client and call.caller.signed_in()[0].id != user_id:
        raise errors.StatusError(403, f"Client can only {may_only}")
    try:
        found = await call.services.provider_accounts.of_user(call.project.id, user_id)
    except NoSuchUser:
        raise errors.user_not_found() from None
    return [one for one in found if one.allow_connected_accounts]


TAG = "Accounts at providers"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/connected-accounts/{user_id}",
        handler=list_connected_accounts,
        answers={200: ConnectedAccountList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/connected-accounts/{user_id}/{provider_id}/access-token",
        handler=get_access_token_of_provider,
        body=AccessTokenRequest,
        body_required=False,
        answers={201: ProviderAccessToken},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/connected-accounts/{user_id}/{provider_id}/{provider_account_id}/access-token",
        handler=get_access_token_of_account,
        body=AccessTokenRequest,
        body_required=False,
        answers={201: ProviderAccessToken},
        tag=TAG,
    ),
)
