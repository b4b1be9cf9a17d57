"""Who may own what, and what a grant, a cancellation and a switch need. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from keyturn.server.payments.catalog import CustomerType, Payments, Price, Product
from keyturn.server.payments.intervals import after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.projects.rules import ProjectConfig
    from keyturn.server.storage.base import Row

Kind = Literal["subscription", "one_time"]


class Refused(Exception):
    """What was asked for cannot be had; ``text`` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text: str = text


class AlreadyGranted(Exception):
    """The customer owns the product, and it is none of which one can own two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who owns things: a user, a team, or whatever the project calls by this id."""

    type: CustomerType
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One row of ``product_grant``: a product as it was when it was granted."""

    id: str
    product_id: str | None
    product: Product
    kind: Kind
    price_id: str | None
    quantity: int
    created_at: int

    @classmethod
    def from_row(cls, row: Row) -> Owned:
        """Read one row."""
        return cls(
            id=row["id"],
            product_id=row["product_id"],
            product=Product.model_validate_json(row["product"]),
            kind=row["kind"],
            price_id=row["price_id"],
            quantity=row["quantity"],
            created_at=row["created_at"],
        )

    def period_end(self, *, now: int) -> int | None:
        """Return when the current period of a subscription ends, in milliseconds."""
        price = self.product.prices.get(self.price_id or "")
        if price is None or price.interval is None:
            return None
        times = 1
        while (end := after(self.created_at, price.interval, times=times)) <= now:
            times += 1
        return end


def payments_of(config: ProjectConfig) -> Payments:
    """Return what a project offers."""
    # Stored as JSON, in which there are no tuples.
    return Payments.model_validate_json(json.dumps(config.payments))


def expiry_of(text: str) -> int:
    """Return an instant of ISO 8601 as milliseconds; without an offset it is UTC.

    Raises:
        ValueError: it is none.
    """
    found = datetime.fromisoformat(text)
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def first_price(product: Product) -> tuple[Kind, str | None]:
    """Return what a grant makes of a product: with an interval, a subscription."""
    for price_id, price in product.prices.items():
        return _kind(price), price_id
    return "one_time", None


def check_grant(
    product: Product, product_id: str | None, quantity: int, owned: Sequence[Owned]
) -> list[Owned]:
    """Return which of the customer's products end when it is granted this one.

    Raises:
        Refused, AlreadyGranted: it cannot be granted.
    """
    if quantity != 1 and not product.stackable:
        raise Refused("This product is not stackable, so its quantity must be 1")
    ids = {one.product_id for one in owned if one.product_id}
    if product_id in ids and not product.stackable:
        raise AlreadyGranted
    if product.add_on_to and ids.isdisjoint(product.add_on_to):
        raise Refused("This product is an add-on to one that the customer does not have")
    rivals = _rivals(product, owned)
    if any(one.kind == "one_time" for one in rivals):
        raise Refused("The customer has a one-time purchase in this product line")
    return rivals


def check_cancellation(
    owned: Sequence[Owned], product_id: str, *, subscription_id: str | None
) -> list[Owned]:
    """Return the subscriptions that end.

    Raises:
        Refused: there is none to be cancelled.
    """
    if subscription_id is not None:
        found = [one for one in owned if one.id == subscription_id and one.kind == "subscription"]
        if not found:
            raise Refused("The customer has no subscription with this id")
        return found
    having = [one for one in owned if one.product_id == product_id]
    if not having:
        raise Refused("The customer does not have this product")
    found = [one for one in having if one.kind == "subscription"]
    if not found:
        raise Refused("This product was bought once and for all, and cannot be cancelled")
    return found


def check_switch(offer: Payments, customer: Customer, from_id: str, to_id: str) -> Product:
    """Return the product to switch to.

    Raises:
        Refused: the two are no pair that can be switched between.
    """
    source, target = offer.products.get(from_id), offer.products.get(to_id)
    if source is None or target is None:
        raise Refused("There is no such product")
    if not source.customer_type == target.customer_type == customer.type:
        raise Refused("The product is for customers of another type")
    if source.product_line_id is None or source.product_line_id != target.product_line_id:
        raise Refused("Only products of one product line can be switched between")
    if from_id == to_id:
        raise Refused("This is the product that is active")
    if target.add_on_to:
        raise Refused("An add-on cannot be switched to")
    return target


def switched_price(target: Product, price_id: str | None) -> str:
    """Return the price under which a product is switched to: one with an interval.

    Raises:
        Refused: there is no such price.
    """
    recurring = [name for name, price in target.prices.items() if price.interval]
    chosen = price_id if price_id is not None else next(iter(recurring), None)
    if chosen is None or chosen not in recurring:
        raise Refused("The target product has no such price")
    return chosen


def switch_options(
    offer: Payments, one: Owned, customer: Customer, *, for_client: bool
) -> list[str]:
    """Return the ids of the products to which one that is owned could be switched."""
    line = one.product.product_line_id
    if one.kind != "subscription" or one.product_id is None or line is None:
        return []
    return [
        product_id
        for product_id, product in offer.products.items()
        if product_id != one.product_id
        and product.product_line_id == line
        and product.customer_type == customer.type
        and not product.add_on_to
        and not (for_client and product.server_only)
        and any(price.interval for price in product.prices.values())
    ]


def _kind(price: Price) -> Kind:
    return "subscription" if price.interval else "one_time"


def _rivals(product: Product, owned: Sequence[Owned]) -> list[Owned]:
    """Return what is owned in the product's line and does not belong beside it."""
    line = product.product_line_id
    if line is None:
        return []
    return [
        one
        for one in owned
        if one.product.product_line_id == line
        and one.product_id not in product.add_on_to
        and not one.product.add_on_to
    ]
