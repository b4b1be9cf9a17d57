"""What a project offers: items that are counted, and products that include them. Shapes only.

A product is declared in the configuration file, or comes along with a grant; both look the same.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from keyturn.server.payments.intervals import Unit
from keyturn.server.payments.ledger import Expiry  # noqa: TC001 - pydantic reads it

CustomerType = Literal["user", "team", "custom"]
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "INR", "AUD", "CAD")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=63)]
Money = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?$")]
# JSON and TOML know lists only.
DayInterval = Annotated[
    tuple[Annotated[int, Field(ge=1, le=10_000)], Unit], Field(strict=False, max_length=2)
]


class Shape(BaseModel):
    """Exactly these members, exactly these types, described by the strings behind them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class Item(Shape):
    """Something that is counted for each customer."""

    display_name: str
    """What people read."""
    customer_type: CustomerType
    """Whose it is."""


class IncludedItem(Shape):
    """How many of an item a product brings along."""

    quantity: Annotated[int, Field(ge=0, le=10**12)] = 0
    """For one of the product."""
    repeat: DayInterval | Literal["never"] = "never"
    """How often the same comes again, as [1, "month"]."""
    expires: Expiry = "never"
    """When what was not used is lost."""


class Price(Shape):
    """What a product would cost; nothing is charged here.

    One with an interval makes the product a subscription.
    """

    USD: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    EUR: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    GBP: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    JPY: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    INR: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    AUD: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    CAD: Money | None = None
    """Amount, as "9.99"; at least one currency."""
    interval: DayInterval | None = None
    """What it is paid for, as [1, "month"]; without it the product is bought for good."""
    free_trial: DayInterval | None = None
    """What clients are told, as [7, "day"]."""

    @model_validator(mode="after")
    def _has_an_amount(self) -> Price:
        if all(getattr(self, currency) is None for currency in CURRENCIES):
            raise ValueError("At least one currency is required")
        return self


class Product(Shape):
    """Something a customer may own."""

    display_name: str
    """What people read."""
    customer_type: CustomerType
    """Who may own it."""
    product_line_id: Name | None = None
    """Of one line a customer owns one product at a time."""
    server_only: bool = False
    """Whether clients may not see it."""
    stackable: bool = False
    """Whether a customer may own several."""
    free_trial: DayInterval | None = None
    """What clients are told; nothing is charged here, also afterwards."""
    prices: dict[Name, Price] = {}
    """By name; a grant takes the first."""
    included_items: dict[Name, IncludedItem] = {}
    """By item."""
    add_on_to: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Products of which a customer must own one first."""
    client_metadata: Any = None
    """Any JSON."""
    client_read_only_metadata: Any = None
    """Any JSON."""
    server_metadata: Any = None
    """Any JSON; clients never see it."""


class InlineProduct(Product):
    """A product that comes along with a grant; clients do not see it unless that is said."""

    server_only: bool = True
    add_on_to: Annotated[tuple[Name, ...], Field(strict=False, max_length=0)] = ()


class Payments(Shape):
    """One ``[projects.payments]`` table."""

    items: dict[Name, Item] = {}
    """By id."""
    products: dict[Name, Product] = {}
    """By id."""

    @model_validator(mode="after")
    def _what_is_included_is_there_for_the_same_customers(self) -> Payments:
        for product_id, product in self.products.items():
            for item_id in product.included_items:
                item = self.items.get(item_id)
                if item is None or item.customer_type != product.customer_type:
                    raise ValueError(
                        f"product {product_id!r} includes {item_id!r}, "
                        f"which is no item of {product.customer_type} customers"
                    )
            for base in product.add_on_to:
                if base not in self.products:
                    raise ValueError(f"product {product_id!r} adds to {base!r}, which is none")
        return self
