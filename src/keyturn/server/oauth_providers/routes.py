"""Accounts at providers on the wire: one's own, and (for servers) everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth_providers import errors as provider_errors
from keyturn.server.oauth_providers.service import Conflicting, NoSuchUser
from keyturn.server.oauth_providers.wire import (
    ProviderAccountCreate,
    ProviderAccountList,
    ProviderAccountQuery,
    ProviderAccountServerUpdate,
    ProviderAccountServerView,
    ProviderAccountUpdate,
    ProviderAccountView,
    account_view,
)
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import (
    Call,
    Endpoint,
    Nothing,
    Success,
    Wire,
    changes_of,
    user_id_of,
)

if TYPE_CHECKING:
    from keyturn.server.oauth_providers.rules import ProviderAccount

_CONFLICTS = {
    "signs in already": "This user signs in with another account of this provider already.",
    "same account": "This user has this account of this provider already.",
}


async def list_oauth_providers(call: Call[Nothing, ProviderAccountQuery]) -> Wire:
    """List accounts at providers: a user's, or (for servers) everybody's."""
    asked = call.query.user_id
    if asked is None and not call.caller.is_client:
        found = await call.services.provider_accounts.of_project(call.project.id)
    else:
        user_id = own_user_id(call, asked or "", "list")
        try:
            found = await call.services.provider_accounts.of_user(call.project.id, user_id)
        except NoSuchUser:
            raise errors.user_not_found() from None
    types = _types(call)
    items = [_view(call, one, types[one.provider_id]) for one in found if one.provider_id in types]
    return ProviderAccountList(items=items)


async def create_oauth_provider(call: Call[ProviderAccountCreate, Nothing]) -> Wire:
    """Add an account at a provider to a user, on the word of the project's server."""
    members = call.body.model_dump()
    provider_id = members.pop("provider_config_id")
    user_id = user_id_of(call, members.pop("user_id"))
    type_ = _types(call).get(provider_id)
    if type_ is None:
        raise _not_configured(provider_id)
    try:
        account = await call.services.provider_accounts.create(
            call.project.id, user_id, {**members, "provider_id": provider_id}
        )
    except NoSuchUser:
        raise errors.user_id_does_not_exist(user_id) from None
    except Conflicting as error:
        raise _known(error) from None
    return _view(call, account, type_)


async def get_oauth_provider(call: Call[Nothing, Nothing]) -> Wire:
    """Read an account at a provider."""
    account = await _named(call, "read")
    return _view(call, account, _type(call, account))


async def update_oauth_provider(call: Call[ProviderAccountServerUpdate, Nothing]) -> Wire:
    """Change what an account at a provider may be used for; servers also whose it is there."""
    changes = changes_of(call, ProviderAccountUpdate)
    account = await _named(call, "update")
    type_ = _type(call, account)
    try:
        updated = await call.services.provider_accounts.update(account, changes)
    except Conflicting as error:
        raise _known(error) from None
    if updated is None:
        raise _not_found(call, account.user_id)
    return _view(call, updated, type_)


async def delete_oauth_provider(call: Call[Nothing, Nothing]) -> Wire:
    """Remove an account at a provider, and forget its tokens."""
    account = await _named(call, "delete")
    if not await call.services.provider_accounts.delete(account):
        raise _not_found(call, account.user_id)
    return Success()


def own_user_id(call: Call[Any, Any], asked: str, verb: str) -> str:
    """Return the user asked for; clients may ask for their own only."""
    if call.caller.is_client:
        user, _ = call.caller.signed_in()
        if asked not in ("me", user.id):
            text = f"Client can only {verb} OAuth providers for their own user."
            raise errors.StatusError(403, text)
        return user.id
    return user_id_of(call, asked)


async def _named(call: Call[Any, Any], verb: str) -> ProviderAccount:
    user_id = own_user_id(call, call.path["user_id"], verb)
    try:
        found = await call.services.provider_accounts.find(
            call.project.id, user_id, call.path["provider_id"]
        )
    except NoSuchUser:
        raise errors.user_not_found() from None
    if found is None:
        raise _not_found(call, user_id)
    return found


def _types(call: Call[Any, Any]) -> dict[str, str]:
    return {one.id: one.type for one in call.project.config.oauth_providers}


def _type(call: Call[Any, Any], account: ProviderAccount) -> str:
    found = _types(call).get(account.provider_id)
    if found is None:
        raise _not_configured(account.provider_id)
    return found


def _view(call: Call[Any, Any], account: ProviderAccount, type_: str) -> ProviderAccountView:
    return account_view(account, type_, for_client=call.caller.is_client)


def _known(error: Conflicting) -> errors.KnownError | errors.StatusError:
    if error.why == "account taken":
        return provider_errors.account_id_already_used_for_sign_in()
    return errors.StatusError(400, _CONFLICTS[error.why])


def _not_found(call: Call[Any, Any], user_id: str) -> errors.StatusError:
    account = call.path["provider_id"]
    return errors.StatusError(404, f"OAuth provider {account} for user {user_id} not found")


def _not_configured(provider_id: str) -> errors.StatusError:
    return errors.StatusError(404, f"OAuth provider {provider_id} not found or not configured")


TAG = "Accounts at providers"
_ONE = {200: ProviderAccountServerView | ProviderAccountView}
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/oauth-providers",
        handler=list_oauth_providers,
        query=ProviderAccountQuery,
        answers={200: ProviderAccountList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/oauth-providers",
        handler=create_oauth_provider,
        body=ProviderAccountCreate,
        answers={201: ProviderAccountServerView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/oauth-providers/{user_id}/{provider_id}",
        handler=get_oauth_provider,
        answers=_ONE,
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/oauth-providers/{user_id}/{provider_id}",
        handler=update_oauth_provider,
        body=ProviderAccountServerUpdate,
        answers=_ONE,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/oauth-providers/{user_id}/{provider_id}",
        handler=delete_oauth_provider,
        answers={200: Success},
        tag=TAG,
    ),
)
