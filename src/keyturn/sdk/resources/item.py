"""What customers have a number of (specification: types/payments/item.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import ItemQuantityInsufficientAmount
from keyturn.sdk.resource import Resource
from keyturn.sdk.values import Members, at

if TYPE_CHECKING:
    from keyturn.sdk.session import Session

CustomerType: TypeAlias = Literal["user", "team", "custom"]
CustomerId: TypeAlias = tuple[CustomerType, str]


@dataclass(eq=False, kw_only=True)
class BaseItem(Resource[S_co], Generic[S_co]):
    """Something that a customer has a number of, such as credits.

    Attributes:
        id: The item, as the project names it.
        display_name: Its name for people.
        quantity: How many; below zero after spending on credit.
    """

    id: str
    display_name: str
    quantity: int
    _customer: CustomerId = field(repr=False)

    @property
    def non_negative_quantity(self) -> int:
        """How many there are to spend: ``quantity``, but never below zero."""
        return max(0, self.quantity)

    def _move(self, delta: int) -> None:
        self.quantity += delta


@dataclass(eq=False, kw_only=True)
class Item(BaseItem[S_co], Generic[S_co]):
    """An item, as its customer sees it."""

    @classmethod
    def read(cls, session: Session[S_co], answer: Members, customer: CustomerId) -> Item[S_co]:
        """Read an item off an answer."""
        return cls(**_item_fields(session, answer, customer))


@dataclass(eq=False, kw_only=True)
class ServerItem(BaseItem[S_co], Generic[S_co]):
    """An item whose quantity the project's servers can change.

    The server adds up; ``quantity`` here moves along by what this object changed, and does not
    know what others did meanwhile. Ask ``get_item`` for the whole truth.
    """

    @classmethod
    def read(
        cls, session: Session[S_co], answer: Members, customer: CustomerId
    ) -> ServerItem[S_co]:
        """Read an item off an answer."""
        return cls(**_item_fields(session, answer, customer))

    @operation
    def increase_quantity(self, amount: int) -> Steps[None]:
        """Add to it.

        Endpoint: ``POST /payments/items/{type}/{customer}/{id}/update-quantity``.

        Args:
            amount: How many, from 1 on.
        """
        yield from self._change(_positive(amount), may_overdraw=True)

    @operation
    def decrease_quantity(self, amount: int) -> Steps[None]:
        """Take away, below zero where that is more than there is.

        Endpoint: ``POST /payments/items/{type}/{customer}/{id}/update-quantity``.

        Args:
            amount: How many, from 1 on.
        """
        yield from self._change(-_positive(amount), may_overdraw=True)

    @operation
    def try_decrease_quantity(self, amount: int) -> Steps[bool]:
        """Take away if there is as much, and say whether there was.

        Endpoint: ``POST /payments/items/{type}/{customer}/{id}/update-quantity``.

        Atomic at the server: of two that want the last one, one gets it.

        Args:
            amount: How many, from 1 on.
        """
        try:
            yield from self._change(-_positive(amount), may_overdraw=False)
        except ItemQuantityInsufficientAmount:
            return False
        return True

    def _change(self, delta: int, *, may_overdraw: bool) -> Steps[None]:
        path = at("payments", "items", *self._customer, self.id, "update-quantity")
        yield from self._session.post(path, {"delta": delta}, allow_negative=may_overdraw)
        self._move(delta)


def _positive(amount: int) -> int:
    if amount < 1:
        raise ValueError("amount is at least 1")
    return amount


def _item_fields(session: Session[Any], answer: Members, customer: CustomerId) -> dict[str, Any]:
    return {
        "_session": session,
        "_customer": customer,
        "id": answer.text("id"),
        "display_name": answer.text("display_name"),
        "quantity": answer.integer("quantity"),
    }
