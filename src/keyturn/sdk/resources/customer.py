"""Who has items and products, and pays (specification: types/payments/customer.spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.errors import NotSupportedByServer
from keyturn.sdk.paging import DEFAULT_LIMIT, Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.item import CustomerId, Item, ServerItem
from keyturn.sdk.resources.product import (
    CustomerBilling,
    CustomerDefaultPaymentMethod,
    CustomerPaymentMethodSetupIntent,
    CustomerProduct,
)
from keyturn.sdk.values import at, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


class BaseCustomer(Resource[S_co], Generic[S_co]):
    """A user or a team, as somebody who has items and products, and pays."""

    if TYPE_CHECKING:

        @property
        def _customer(self) -> CustomerId: ...

    @operation
    def list_items(self) -> Steps[NoReturn]:
        """List all items: specified, and no server has it. Ask for each with ``get_item``.

        Raises:
            NotSupportedByServer: always.
        """
        yield from ()
        raise NotSupportedByServer("no server of this API has an endpoint that lists items")

    @operation
    def has_item(self, item_id: str) -> Steps[bool]:
        """Say whether there is at least one (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.
        """
        return (yield from self._item(item_id)).quantity > 0

    @operation
    def get_item_quantity(self, item_id: str) -> Steps[int]:
        """Return how many there are (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.
        """
        return (yield from self._item(item_id)).quantity

    @listing
    def list_products(
        self, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Steps[Page[CustomerProduct, S_co]]:
        """List the customer's products (``GET /payments/products/{type}/{id}``).

        Args:
            cursor: A page's ``next_cursor``, to go on from there.
            limit: How many per page.
        """
        path = at("payments", "products", *self._customer)
        return self._session.pages(path, CustomerProduct.read, cursor=cursor, limit=limit)

    @operation
    def create_checkout_url(self, product_id: str, *, return_url: str | None = None) -> Steps[str]:
        """Return where to buy a product (``POST /payments/purchases/create-purchase-url``).

        Args:
            product_id: The product, as the project names it.
            return_url: Where the browser goes afterwards.

        Raises:
            ProductDoesNotExist: the project has no such product.
            ProductAlreadyGranted: the customer has it, and cannot have it twice.
        """
        kind, customer_id = self._customer
        body = present(
            customer_type=kind,
            customer_id=customer_id,
            product_id=product_id,
            return_url=return_url,
        )
        path = at("payments", "purchases", "create-purchase-url")
        return (yield from self._session.post(path, body)).text("url")

    @operation
    def get_billing(self) -> Steps[CustomerBilling]:
        """Say whether and how the customer pays (``GET /payments/billing/{type}/{id}``)."""
        path = at("payments", "billing", *self._customer)
        return CustomerBilling.read((yield from self._session.get(path)))

    @operation
    def create_payment_method_setup_intent(self) -> Steps[CustomerPaymentMethodSetupIntent]:
        """Begin to settle how the customer pays.

        Endpoint: ``POST /payments/payment-method/{type}/{id}/setup-intent``.
        """
        path = at("payments", "payment-method", *self._customer, "setup-intent")
        return CustomerPaymentMethodSetupIntent.read((yield from self._session.post(path)))

    @operation
    def set_default_payment_method_from_setup_intent(
        self, setup_intent_id: str
    ) -> Steps[CustomerDefaultPaymentMethod | None]:
        """Have the customer pay as it has just settled; ``None``: the server cannot show it.

        Endpoint: ``POST /payments/payment-method/{type}/{id}/set-default``.

        Args:
            setup_intent_id: What the payment provider's page has finished.
        """
        path = at("payments", "payment-method", *self._customer, "set-default")
        answer = yield from self._session.post(path, {"setup_intent_id": setup_intent_id})
        method = answer.members_or_none("default_payment_method")
        return CustomerDefaultPaymentMethod.read(method) if method else None

    @operation
    def switch_subscription(
        self,
        *,
        from_product_id: str,
        to_product_id: str,
        price_id: str | None = None,
        quantity: int | None = None,
    ) -> Steps[None]:
        """Go over to another subscription (``POST /payments/products/{type}/{id}/switch``).

        Args:
            from_product_id: The one that the customer has.
            to_product_id: The one it wants.
            price_id: Which of its prices; the only one where left out.
            quantity: How many.

        Raises:
            DefaultPaymentMethodRequired: nobody knows how the customer pays.
        """
        body = present(
            from_product_id=from_product_id,
            to_product_id=to_product_id,
            price_id=price_id,
            quantity=quantity,
        )
        path = at("payments", "products", *self._customer, "switch")
        yield from self._session.post(path, body)

    def _item(self, item_id: str) -> Steps[Item[S_co]]:
        return read_item(self._session, self._customer, item_id)


class Customer(BaseCustomer[S_co], Generic[S_co]):
    """A customer with client access: the user itself, or a team that it administers."""

    @operation
    def get_item(self, item_id: str) -> Steps[Item[S_co]]:
        """Return an item, with how many there are (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.

        Raises:
            ItemNotFound: the project has no such item.
            ItemCustomerTypeDoesNotMatch: it is not for this kind of customer.
        """
        return (yield from self._item(item_id))


class ServerCustomer(BaseCustomer[S_co], Generic[S_co]):
    """A customer as the project's servers see it."""

    @operation
    def get_item(self, item_id: str) -> Steps[ServerItem[S_co]]:
        """Return an item, which can then be changed (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.

        Raises:
            ItemNotFound: the project has no such item.
            ItemCustomerTypeDoesNotMatch: it is not for this kind of customer.
        """
        return (yield from read_server_item(self._session, self._customer, item_id))


def read_item(session: Session[S_co], customer: CustomerId, item_id: str) -> Steps[Item[S_co]]:
    """Ask for one item of a customer."""
    answer = yield from session.get(at("payments", "items", *customer, item_id))
    return Item.read(session, answer, customer)


def read_server_item(
    session: Session[S_co], customer: CustomerId, item_id: str
) -> Steps[ServerItem[S_co]]:
    """Ask for one item of a customer, to be changed."""
    answer = yield from session.get(at("payments", "items", *customer, item_id))
    return ServerItem.read(session, answer, customer)


def one_customer(
    *, user_id: str | None, team_id: str | None, custom_customer_id: str | None
) -> CustomerId:
    """Return the one customer that was named.

    Raises:
        ValueError: none or several were.
    """
    named: list[CustomerId] = []
    if user_id is not None:
        named.append(("user", user_id))
    if team_id is not None:
        named.append(("team", team_id))
    if custom_customer_id is not None:
        named.append(("custom", custom_customer_id))
    if len(named) != 1:
        raise ValueError("give exactly one of user_id=, team_id= and custom_customer_id=")
    return named[0]
