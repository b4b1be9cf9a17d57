"""Users' API keys on the wire, and what teams' keys share with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.api_keys import errors as key_errors
from keyturn.server.api_keys.rules import Owner
from keyturn.server.api_keys.service import NewKey, NoSuchOwner, Wanted
from keyturn.server.api_keys.wire import (
    ApiKeyCheck,
    ApiKeyUpdate,
    MaybeOfUser,
    NewUserApiKey,
    OfUser,
    TeamApiKeyCreate,
    UserApiKeyCreate,
    UserApiKeyList,
    UserApiKeyView,
    key_view,
    new_key_view,
)
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire, user_id_of

if TYPE_CHECKING:
    from keyturn.server.api_keys.rules import ApiKey, Kind
    from keyturn.server.api_keys.wire import TeamApiKeyView


async def list_user_api_keys(call: Call[Nothing, OfUser]) -> Wire:
    """List a user's API keys, newest first, also those that have ended."""
    refuse_unless_enabled(call, "user")
    owner = _own(call, call.query.user_id)
    try:
        found = await call.services.api_keys.of_owner(call.project.id, owner)
    except NoSuchOwner:
        raise errors.user_not_found() from None
    views = [key_view(key) for key in found]
    return UserApiKeyList(items=[view for view in views if isinstance(view, UserApiKeyView)])


async def create_user_api_key(call: Call[UserApiKeyCreate, Nothing]) -> Wire:
    """Make an API key of a user. The answer alone holds its text."""
    refuse_unless_enabled(call, "user")
    try:
        new = await create(call, _own(call, call.body.user_id))
    except NoSuchOwner:
        raise errors.user_id_does_not_exist(call.body.user_id) from None
    return new_key_view(new)


async def get_user_api_key(call: Call[Nothing, MaybeOfUser]) -> Wire:
    """Read a user's API key."""
    return key_view(await _named(call))


async def update_user_api_key(call: Call[ApiKeyUpdate, MaybeOfUser]) -> Wire:
    """Describe a user's API key anew, or revoke it."""
    return await update(call, await _named(call))


async def check_user_api_key(call: Call[ApiKeyCheck, Nothing]) -> Wire:
    """Say which user a key is of, if it is still good."""
    return await check(call, "user")


def refuse_unless_enabled(call: Call[Any, Any], kind: Kind) -> None:
    """Refuse where the project has no API keys of this kind."""
    config = call.project.config
    if not (config.allow_user_api_keys if kind == "user" else config.allow_team_api_keys):
        text = f"{kind.capitalize()} API keys are not enabled for this project."
        raise errors.StatusError(400, text)


async def create(
    call: Call[UserApiKeyCreate, Nothing] | Call[TeamApiKeyCreate, Nothing], owner: Owner
) -> NewKey:
    """Make the key that a body describes. Raises NoSuchOwner."""
    body = call.body
    wanted = Wanted(
        description=body.description, is_public=body.is_public, expires_at=body.expires_at_millis
    )
    return await call.services.api_keys.create(call.project.id, owner, wanted)


async def update(call: Call[ApiKeyUpdate, Any], key: ApiKey) -> Wire:
    """Change what the body names."""
    sent = call.body.model_fields_set
    updated = await call.services.api_keys.update(
        key,
        description=call.body.description if "description" in sent else None,
        revoke="revoked" in sent,
    )
    if updated is None:
        raise key_errors.api_key_not_found()
    return key_view(updated)


async def check(call: Call[ApiKeyCheck, Nothing], kind: Kind) -> UserApiKeyView | TeamApiKeyView:
    """Return whose key the body holds, or refuse in the published order."""
    refuse_unless_enabled(call, kind)
    found = await call.services.api_keys.check(call.project.id, call.body.api_key, wanted=kind)
    if found is None:
        raise key_errors.api_key_not_found()
    key, standing = found
    if standing == "wrong type":
        raise key_errors.wrong_api_key_type(kind, key.owner.kind)
    if standing == "revoked":
        raise key_errors.api_key_revoked()
    if standing == "expired":
        raise key_errors.api_key_expired()
    return key_view(key)


async def named(call: Call[Any, Any], kind: Kind) -> ApiKey:
    """Return the key of the path, whoever it is of."""
    refuse_unless_enabled(call, kind)
    key = await call.services.api_keys.find(call.project.id, kind, call.path["api_key_id"])
    if key is None:
        raise key_errors.api_key_not_found()
    return key


async def _named(call: Call[Any, MaybeOfUser]) -> ApiKey:
    if call.query.user_id is not None:
        _own(call, call.query.user_id)
    key = await named(call, "user")
    _own(call, key.owner.id)
    return key


def _own(call: Call[Any, Any], user_id: str) -> Owner:
    """Return the owner asked for; clients may only mean themselves."""
    if call.caller.is_client and call.user is None:
        raise errors.user_authentication_required()
    found = user_id_of(call, user_id)
    if call.caller.is_client and call.user is not None and call.user.id != found:
        raise errors.StatusError(403, "Client can only manage their own api keys")
    return Owner(kind="user", id=found)


TAG = "API keys"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/user-api-keys",
        handler=list_user_api_keys,
        query=OfUser,
        answers={200: UserApiKeyList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/user-api-keys",
        handler=create_user_api_key,
        body=UserApiKeyCreate,
        answers={200: NewUserApiKey},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/user-api-keys/check",
        handler=check_user_api_key,
        body=ApiKeyCheck,
        answers={200: UserApiKeyView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/user-api-keys/{api_key_id}",
        handler=get_user_api_key,
        query=MaybeOfUser,
        answers={200: UserApiKeyView},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/user-api-keys/{api_key_id}",
        handler=update_user_api_key,
        body=ApiKeyUpdate,
        query=MaybeOfUser,
        answers={200: UserApiKeyView},
        tag=TAG,
    ),
)
