"""The JSON of items, products and what a payment provider would know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from keyturn.server.clock import instant
from keyturn.server.payments.catalog import CURRENCIES, CustomerType, InlineProduct
from keyturn.server.stack.endpoint import Flag, Wire

if TYPE_CHECKING:
    from keyturn.server.payments.catalog import Price, Product
    from keyturn.server.payments.rules import Owned

# What programs of every language count exactly.
MOST = 2**53 - 1
Quantity = Annotated[int, Field(ge=1, le=10**9)]
Limit = Annotated[str, Field(pattern="^([1-9][0-9]?|100)$")]


class ItemView(Wire):
    """An item, and how many a customer has; less than 0 where that was allowed."""

    id: str
    display_name: str
    quantity: int


class QuantityQuery(Wire):
    """Whether the quantity may become less than 0."""

    allow_negative: Flag


class QuantityUpdate(Wire):
    """More or less of an item, for a time or for good. Of requests with one key one counts."""

    delta: Annotated[int, Field(ge=-MOST, le=MOST)]
    expires_at: str | None = None
    description: Annotated[str, Field(max_length=4096)] | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class Empty(Wire):
    """An answer without members."""


class PageQuery(Wire):
    """Which page; a cursor is the ``next_cursor`` of the page before."""

    cursor: str | None = None
    limit: Limit | None = None


class ProductView(Wire):
    """A product, as it was when it was granted."""

    display_name: str
    customer_type: CustomerType
    product_line_id: str | None
    server_only: bool
    stackable: bool
    prices: dict[str, dict[str, Any]]
    included_items: dict[str, dict[str, Any]]
    client_metadata: Any
    client_read_only_metadata: Any
    server_metadata: Any


class SubscriptionView(Wire):
    """What goes on until it is cancelled."""

    subscription_id: str | None
    current_period_end: str | None
    cancel_at_period_end: bool
    is_cancelable: bool


class SwitchOption(Wire):
    """A product that a subscription could be switched to."""

    product_id: str
    product: ProductView


class OwnedView(Wire):
    """A product that a customer owns."""

    id: str | None
    quantity: int
    product: ProductView
    type: Literal["one_time", "subscription"]
    subscription: SubscriptionView | None
    switch_options: list[SwitchOption]


class Pagination(Wire):
    """Where the next page begins; ``null`` at the end."""

    next_cursor: str | None


class OwnedPage(Wire):
    """One page of what a customer owns."""

    items: list[OwnedView]
    is_paginated: bool = True
    pagination: Pagination


class ProductGrant(Wire):
    """A declared product by its id, or one that comes along."""

    product_id: str | None = None
    product_inline: InlineProduct | None = None
    quantity: Quantity = 1


class CancelQuery(Wire):
    """Which subscription, where the product has no id of its own."""

    subscription_id: str | None = None


class Switch(Wire):
    """From one product to another of the same line."""

    from_product_id: str
    to_product_id: str
    price_id: str | None = None
    quantity: Quantity | None = None


class Invoice(Wire):
    """What a payment provider would have billed."""

    created_at_millis: int
    status: Literal["draft", "open", "paid", "uncollectible", "void"] | None
    amount_total: int
    hosted_invoice_url: str | None


class InvoicePage(Wire):
    """One page of invoices: there are none."""

    items: list[Invoice]
    is_paginated: bool = True
    pagination: Pagination


class PaymentMethod(Wire):
    """A card, as a payment provider would describe it."""

    id: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None


class Billing(Wire):
    """What a payment provider knows of a customer: nothing."""

    has_customer: bool
    default_payment_method: PaymentMethod | None


class SetDefault(Wire):
    """A finished setup intent of a payment provider."""

    setup_intent_id: str


class PurchaseUrl(Wire):
    """What somebody wants to buy."""

    customer_type: CustomerType
    customer_id: str
    product_id: str | None = None
    product_inline: InlineProduct | None = None
    return_url: str | None = None


def product_view(product: Product, *, for_client: bool) -> ProductView:
    """Render a product; clients do not see what is for servers."""
    plain = {name: getattr(product, name) for name in ProductView.model_fields}
    return ProductView(
        **plain
        | {
            "server_metadata": None if for_client else product.server_metadata,
            "prices": {name: _price(price) for name, price in product.prices.items()},
            "included_items": {
                name: _listed(item.model_dump()) for name, item in product.included_items.items()
            },
        }
    )


def owned_view(one: Owned, options: list[SwitchOption], *, for_client: bool, now: int) -> OwnedView:
    """Render what a customer owns."""
    end = one.period_end(now=now)
    subscription = SubscriptionView(
        subscription_id=one.id,
        current_period_end=instant(end).isoformat(timespec="milliseconds")[:-6] + "Z"
        if end is not None
        else None,
        cancel_at_period_end=False,
        is_cancelable=True,
    )
    return OwnedView(
        id=one.product_id,
        quantity=one.quantity,
        product=product_view(one.product, for_client=for_client),
        type=one.kind,
        subscription=subscription if one.kind == "subscription" else None,
        switch_options=options,
    )


def _price(price: Price) -> dict[str, Any]:
    names = (*CURRENCIES, "interval", "free_trial")
    found = {name: getattr(price, name) for name in names}
    return _listed({name: value for name, value in found.items() if value is not None})


def _listed(found: dict[str, Any]) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}
