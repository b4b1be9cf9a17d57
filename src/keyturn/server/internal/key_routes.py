"""A project's keys on the wire: given out once, listed by their last characters, revoked."""

from __future__ import annotations

from keyturn.server.internal import errors
from keyturn.server.internal.project_routes import ADMIN
from keyturn.server.internal.rules import KINDS
from keyturn.server.internal.wire import (
    KeysCreate,
    KeysList,
    KeysUpdate,
    KeysView,
    NewKeys,
    keys_view,
    new_keys,
)
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire


async def list_keys(call: Call[Nothing, Nothing]) -> Wire:
    """List the sets of keys that were given out here, newest first."""
    found = await call.services.administration.keys(call.project.id)
    return KeysList(items=[keys_view(one) for one in found])


async def create_keys(call: Call[KeysCreate, Nothing]) -> Wire:
    """Give out a set of keys. They are shown this once; the server keeps their hashes."""
    body = call.body
    made, keys = await call.services.administration.create_keys(
        call.project.id,
        [kind for kind in KINDS if getattr(body, f"has_{kind}")],
        description=body.description,
        expires_at=body.expires_at_millis,
    )
    return new_keys(made, keys)


async def get_keys(call: Call[Nothing, Nothing]) -> Wire:
    """Read a set of keys."""
    found = await call.services.administration.keys(call.project.id, set_id=call.path["api_key_id"])
    if not found:
        raise errors.api_key_not_found()
    return keys_view(found[0])


async def update_keys(call: Call[KeysUpdate, Nothing]) -> Wire:
    """Describe a set of keys anew, or revoke it for good."""
    found = await call.services.administration.change_keys(
        call.project.id,
        call.path["api_key_id"],
        description=call.body.description,
        revokes=call.body.revoked is True,
    )
    if found is None:
        raise errors.api_key_not_found()
    return keys_view(found)


TAG = "Project keys"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/internal/api-keys",
        handler=list_keys,
        answers={200: KeysList},
        access=ADMIN,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/internal/api-keys",
        handler=create_keys,
        body=KeysCreate,
        answers={200: NewKeys},
        access=ADMIN,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/internal/api-keys/{api_key_id}",
        handler=get_keys,
        answers={200: KeysView},
        access=ADMIN,
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/internal/api-keys/{api_key_id}",
        handler=update_keys,
        body=KeysUpdate,
        answers={200: KeysView},
        access=ADMIN,
        tag=TAG,
    ),
)
