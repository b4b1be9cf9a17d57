"""Products, their prices and billing (specification: types/payments/customer.spec.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from keyturn.sdk.values import wrong

if TYPE_CHECKING:
    from keyturn.sdk.session import Session
    from keyturn.sdk.values import Json, Members

InlineProduct: TypeAlias = Mapping[str, Any]
"""A product made on the spot, as the API writes one: ``display_name``, ``customer_type``,
``server_only``, ``stackable``, ``prices`` and ``included_items``, all of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price of a product.

    Attributes:
        id: The price, as the project names it.
        amounts: The amount by currency, such as ``{"USD": "9.99"}``; decimal texts lose nothing.
        interval: ``day``, ``week``, ``month`` or ``year``; ``None``: paid once.
        interval_count: How many of those lie between two payments.
    """

    id: str
    amounts: Mapping[str, str]
    interval: str | None
    interval_count: int | None

    @classmethod
    def read(cls, price_id: str, answer: Members) -> Price:
        """Read a price off an answer."""
        count, unit = interval_of(answer.json("interval"))
        amounts = {
            name: value
            for name, value in answer.as_json().items()
            if name.isupper() and isinstance(value, str)
        }
        return cls(id=price_id, amounts=amounts, interval=unit, interval_count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionInfo:
    """How long a subscription goes on.

    Attributes:
        current_period_end: Until when it is paid; ``None``: it has no end.
        cancel_at_period_end: Whether it ends then.
        is_cancelable: Whether it can be cancelled.
    """

    current_period_end: datetime | None
    cancel_at_period_end: bool
    is_cancelable: bool

    @classmethod
    def read(cls, answer: Members) -> SubscriptionInfo:
        """Read it off an answer."""
        return cls(
            current_period_end=answer.moment_or_none("current_period_end"),
            cancel_at_period_end=answer.flag("cancel_at_period_end"),
            is_cancelable=answer.flag("is_cancelable"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOption:
    """A product that a subscription can be switched to."""

    product_id: str
    display_name: str
    prices: tuple[Price, ...]

    @classmethod
    def read(cls, answer: Members) -> SwitchOption:
        """Read it off an answer."""
        product = answer.members("product")
        return cls(
            product_id=answer.text("product_id"),
            display_name=product.text("display_name"),
            prices=_prices(product),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProduct:
    """A product that a customer has.

    Attributes:
        id: The product, as the project names it; ``None``: it was made on the spot.
        quantity: How many.
        display_name: Its name for people.
        customer_type: Whom it is for: ``user``, ``team`` or ``custom``.
        is_server_only: Whether servers alone can give it.
        stackable: Whether one can have several.
        type: ``one_time`` or ``subscription``.
        subscription: How long it goes on, for subscriptions.
        switch_options: What it can be switched to.
        prices: What it costs.
    """

    id: str | None
    quantity: int
    display_name: str
    customer_type: str
    is_server_only: bool
    stackable: bool
    type: str
    subscription: SubscriptionInfo | None
    switch_options: tuple[SwitchOption, ...]
    prices: tuple[Price, ...]

    @classmethod
    def read(cls, _session: Session[Any], answer: Members) -> CustomerProduct:
        """Read a product off an answer."""
        product = answer.members("product")
        subscription = answer.members_or_none("subscription")
        options = answer.items("switch_options") if answer.json("switch_options") else ()
        return cls(
            id=answer.text_or_none("id"),
            quantity=answer.integer("quantity"),
            display_name=product.text("display_name"),
            customer_type=product.text("customer_type"),
            is_server_only=product.flag("server_only", default=True),
            stackable=product.flag("stackable", default=False),
            type=answer.text_or_none("type") or ("subscription" if subscription else "one_time"),
            subscription=SubscriptionInfo.read(subscription) if subscription else None,
            switch_options=tuple(map(SwitchOption.read, options)),
            prices=_prices(product),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDefaultPaymentMethod:
    """How a customer pays."""

    id: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None

    @classmethod
    def read(cls, answer: Members) -> CustomerDefaultPaymentMethod:
        """Read it off an answer."""
        return cls(
            id=answer.text("id"),
            brand=answer.text_or_none("brand"),
            last4=answer.text_or_none("last4"),
            exp_month=_whole_or_none(answer, "exp_month"),
            exp_year=_whole_or_none(answer, "exp_year"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBilling:
    """Whether and how a customer pays.

    Attributes:
        has_customer: Whether the payment provider knows the customer.
        default_payment_method: How it pays, if that is settled.
    """

    has_customer: bool
    default_payment_method: CustomerDefaultPaymentMethod | None

    @classmethod
    def read(cls, answer: Members) -> CustomerBilling:
        """Read it off an answer."""
        method = answer.members_or_none("default_payment_method")
        return cls(
            has_customer=answer.flag("has_customer"),
            default_payment_method=CustomerDefaultPaymentMethod.read(method) if method else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPaymentMethodSetupIntent:
    """What a page of the payment provider needs to settle how a customer pays.

    Attributes:
        client_secret: For that page.
        stripe_account_id: The project's account at the payment provider.
    """

    client_secret: str = field(repr=False)
    stripe_account_id: str

    @classmethod
    def read(cls, answer: Members) -> CustomerPaymentMethodSetupIntent:
        """Read it off an answer."""
        return cls(
            client_secret=answer.text("client_secret"),
            stripe_account_id=answer.text("stripe_account_id"),
        )


def interval_of(value: Json) -> tuple[int | None, str | None]:
    """Return count and unit of an interval, which travels as ``[3, "month"]``."""
    if value is None:
        return None, None
    match value:
        case [int(count), str(unit)]:
            return count, unit
    wrong("interval")


def _prices(product: Members) -> tuple[Price, ...]:
    if not isinstance(product.json("prices"), dict):
        return ()  # Older servers say "include-by-default" there.
    prices = product.members("prices")
    return tuple(Price.read(name, prices.members(name)) for name in prices.as_json())


def _whole_or_none(answer: Members, key: str) -> int | None:
    return None if answer.json(key) is None else answer.integer(key)
