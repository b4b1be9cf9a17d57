"""The data vault on the wire: for a project's servers only."""

from __future__ import annotations

from typing import Any

from keyturn.server.data_vault import errors, rules
from keyturn.server.data_vault.wire import VaultGet, VaultSet, VaultValue
from keyturn.server.http.body import LARGEST_BODY_WITH_IMAGE
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire


async def get_vault_value(call: Call[VaultGet, Nothing]) -> Wire:
    """Read a value of a store by its hashed key."""
    store_id, hashed_key = _store_of(call), call.body.hashed_key
    value = await call.services.data_vault.get(call.project.id, store_id, hashed_key)
    if value is None:
        raise errors.key_does_not_exist(store_id, hashed_key)
    return VaultValue(encrypted_value=value)


async def set_vault_value(call: Call[VaultSet, Nothing]) -> Wire:
    """Keep a value in a store under its hashed key, over the one that was there."""
    body = call.body
    await call.services.data_vault.put(
        call.project.id, _store_of(call), body.hashed_key, body.encrypted_value
    )
    return Success()


def _store_of(call: Call[Any, Any]) -> str:
    store_id = call.path["store_id"]
    if not rules.has_store(call.project.config, store_id):
        raise errors.store_does_not_exist(store_id)
    return store_id


TAG = "Data vault"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/data-vault/stores/{store_id}/get",
        handler=get_vault_value,
        body=VaultGet,
        answers={200: VaultValue},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/data-vault/stores/{store_id}/set",
        handler=set_vault_value,
        body=VaultSet,
        answers={200: Success},
        access=SERVER_ACCESS,
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
)
