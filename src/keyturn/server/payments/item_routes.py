"""Items on the wire: how many a customer has, and more or less of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.payments import errors, rules
from keyturn.server.payments.access import customer_of
from keyturn.server.payments.service import Change, KeyReused, NoSuchCustomer, NotEnough
from keyturn.server.payments.wire import Empty, ItemView, QuantityQuery, QuantityUpdate
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire
from keyturn.server.stack.errors import (
    KnownError,
    StatusError,
    schema_error,
    team_not_found,
    user_not_found,
)

if TYPE_CHECKING:
    from keyturn.server.payments.catalog import Item
    from keyturn.server.payments.rules import Customer


async def get_item(call: Call[Nothing, Nothing]) -> Wire:
    """Count an item of a customer. Clients see their user's and the teams it administers."""
    customer = await customer_of(call)
    item_id, item = _item(call, customer)
    try:
        quantity = await call.services.payments.quantity(call.project.id, customer, item_id)
    except NoSuchCustomer:
        raise missing(customer) from None
    return ItemView(id=item_id, display_name=item.display_name, quantity=quantity)


async def update_quantity(call: Call[QuantityUpdate, QuantityQuery]) -> Wire:
    """Give a customer more of an item, or take some; in one step, whoever else does it, too."""
    customer = await customer_of(call)
    item_id, _ = _item(call, customer)
    change = _change(call)
    try:
        await call.services.payments.change(call.project.id, customer, item_id, change)
    except NoSuchCustomer:
        raise missing(customer) from None
    except NotEnough:
        raise errors.item_quantity_insufficient(item_id, customer, change.delta) from None
    except KeyReused:
        raise StatusError(409, "This idempotency_key was used for another change") from None
    return Empty()


def missing(customer: Customer) -> KnownError:
    """Return the error for a user or team that is not there."""
    return team_not_found(customer.id) if customer.type == "team" else user_not_found()


def _item(call: Call[Any, Any], customer: Customer) -> tuple[str, Item]:
    item_id = call.path["item_id"]
    item = rules.payments_of(call.project.config).items.get(item_id)
    if item is None:
        raise errors.item_not_found(item_id)
    if item.customer_type != customer.type:
        raise errors.item_customer_type_does_not_match(item_id, customer, item.customer_type)
    return item_id, item


def _change(call: Call[QuantityUpdate, QuantityQuery]) -> Change:
    body = call.body
    try:
        expires_at = None if body.expires_at is None else rules.expiry_of(body.expires_at)
    except ValueError:
        problem = "body.expires_at must be an instant, as 2030-01-31T12:00:00Z"
        raise schema_error(call.request.method, call.request.url.path, [problem]) from None
    return Change(
        delta=body.delta,
        description=body.description,
        expires_at=expires_at,
        key=body.idempotency_key,
        allow_negative=call.query.allow_negative == "true",
    )


TAG = "Payments"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/payments/items/{customer_type}/{customer_id}/{item_id}",
        handler=get_item,
        answers={200: ItemView},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/items/{customer_type}/{customer_id}/{item_id}/update-quantity",
        handler=update_quantity,
        query=QuantityQuery,
        body=QuantityUpdate,
        answers={200: Empty},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
)
