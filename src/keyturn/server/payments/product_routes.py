"""Products on the wire: what a customer owns, granted, cancelled and switched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.payments import errors, rules
from keyturn.server.payments.access import BILLED, customer_of
from keyturn.server.payments.item_routes import TAG, missing
from keyturn.server.payments.service import Grant, NoSuchCustomer
from keyturn.server.payments.wire import (
    CancelQuery,
    OwnedPage,
    PageQuery,
    Pagination,
    ProductGrant,
    Switch,
    SwitchOption,
    owned_view,
    product_view,
)
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire
from keyturn.server.stack.errors import StatusError

if TYPE_CHECKING:
    from keyturn.server.payments.catalog import Payments, Product
    from keyturn.server.payments.rules import Customer, Owned

DEFAULT_LIMIT = 10


async def list_products(call: Call[Nothing, PageQuery]) -> Wire:
    """List what a customer owns, oldest first. Clients do not see what is for servers only."""
    customer = await customer_of(call)
    owned = await call.services.payments.owned(call.project.id, customer)
    seen = [o for o in owned if not (call.caller.is_client and o.product.server_only)]
    start = _start(seen, call.query.cursor)
    end = start + int(call.query.limit or DEFAULT_LIMIT)
    now, for_client = call.services.clock.now_ms(), call.caller.is_client
    offer = rules.payments_of(call.project.config)
    return OwnedPage(
        items=[
            owned_view(
                one,
                _options(offer, one, customer, for_client=for_client),
                for_client=for_client,
                now=now,
            )
            for one in seen[start:end]
        ],
        pagination=Pagination(next_cursor=seen[end].id if end < len(seen) else None),
    )


async def grant_product(call: Call[ProductGrant, Nothing]) -> Wire:
    """Give a customer a product, declared or inline, and the items that it includes."""
    customer, body = await customer_of(call), call.body
    product = _granted(call, body)
    if product.customer_type != customer.type:
        raise errors.product_customer_type_does_not_match(
            body.product_id, customer, product.customer_type
        )
    kind, price_id = rules.first_price(product)
    grant = Grant(
        product=product,
        product_id=body.product_id,
        quantity=body.quantity,
        kind=kind,
        price_id=price_id,
    )
    try:
        await call.services.payments.grant(call.project.id, customer, grant)
    except NoSuchCustomer:
        raise missing(customer) from None
    except rules.AlreadyGranted:
        raise errors.product_already_granted(body.product_id or "", customer) from None
    except rules.Refused as refused:
        raise StatusError(400, refused.text) from None
    return Success()


async def cancel_product(call: Call[Nothing, CancelQuery]) -> Wire:
    """Cancel a customer's subscription of a product, at once."""
    customer, product_id = await customer_of(call), call.path["product_id"]
    subscription_id = call.query.subscription_id
    if subscription_id is None:
        product = _declared(call, product_id)
        if product.customer_type != customer.type:
            raise errors.product_customer_type_does_not_match(
                product_id, customer, product.customer_type
            )
    try:
        await call.services.payments.cancel(
            call.project.id, customer, product_id, subscription_id=subscription_id
        )
    except rules.Refused as refused:
        raise StatusError(400, refused.text) from None
    return Success()


async def switch_product(call: Call[Switch, Nothing]) -> Wire:
    """Switch a subscription to another product of its line.

    With client access nothing is switched: it would have to be paid for, and nobody here takes
    payments.
    """
    customer, body = await customer_of(call, BILLED), call.body
    offer = rules.payments_of(call.project.config)
    try:
        rules.check_switch(offer, customer, body.from_product_id, body.to_product_id)
        if call.caller.is_client:
            raise errors.not_set_up()
        await call.services.payments.switch(
            call.project.id,
            customer,
            offer,
            from_id=body.from_product_id,
            to_id=body.to_product_id,
            price_id=body.price_id,
            quantity=body.quantity,
        )
    except NoSuchCustomer:
        raise missing(customer) from None
    except rules.AlreadyGranted:
        raise errors.product_already_granted(body.to_product_id, customer) from None
    except rules.Refused as refused:
        raise StatusError(400, refused.text) from None
    return Success()


def _start(seen: list[Owned], cursor: str | None) -> int:
    if cursor is None:
        return 0
    for index, one in enumerate(seen):
        if one.id == cursor:
            return index
    raise StatusError(400, "Invalid cursor")


def _options(
    offer: Payments, one: Owned, customer: Customer, *, for_client: bool
) -> list[SwitchOption]:
    ids = rules.switch_options(offer, one, customer, for_client=for_client)
    return [
        SwitchOption(
            product_id=product_id,
            product=product_view(offer.products[product_id], for_client=for_client),
        )
        for product_id in ids
    ]


def _granted(call: Call[Any, Any], body: ProductGrant) -> Product:
    if (body.product_id is None) == (body.product_inline is None):
        raise StatusError(400, "Say either product_id or product_inline, and not both")
    if body.product_id is not None:
        return _declared(call, body.product_id)
    assert body.product_inline is not None  # noqa: S101 - one of the two is there
    return body.product_inline


def _declared(call: Call[Any, Any], product_id: str) -> Product:
    offer = rules.payments_of(call.project.config)
    product = offer.products.get(product_id)
    if product is None:
        context = "item_exists" if product_id in offer.items else None
        raise errors.product_does_not_exist(product_id, context)
    if product.server_only and call.caller.is_client:
        raise errors.product_does_not_exist(product_id, "server_only")
    return product


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/payments/products/{customer_type}/{customer_id}",
        handler=list_products,
        query=PageQuery,
        answers={200: OwnedPage},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/products/{customer_type}/{customer_id}",
        handler=grant_product,
        body=ProductGrant,
        answers={200: Success},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/payments/products/{customer_type}/{customer_id}/{product_id}",
        handler=cancel_product,
        query=CancelQuery,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/products/{customer_type}/{customer_id}/switch",
        handler=switch_product,
        body=Switch,
        answers={200: Success},
        tag=TAG,
    ),
)
