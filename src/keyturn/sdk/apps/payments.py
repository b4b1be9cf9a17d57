"""Items and products of the project's customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from keyturn.protocol.jwt import unverified_claims
from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.errors import UserNotSignedIn
from keyturn.sdk.paging import DEFAULT_LIMIT, Page, listing
from keyturn.sdk.resources.customer import one_customer, read_item, read_server_item
from keyturn.sdk.resources.product import CustomerProduct, InlineProduct
from keyturn.sdk.values import at, present

if TYPE_CHECKING:
    from keyturn.sdk.resources.item import CustomerId, Item, ServerItem
    from keyturn.sdk.token_sources import TokenStoreInit


class ClientPaymentOperations(BaseApp[S_co], Generic[S_co]):
    """The signed-in user's items and products, and those of teams that the user administers."""

    @operation
    def get_item(
        self,
        item_id: str,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        custom_customer_id: str | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[Item[S_co]]:
        """Return an item of a customer (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.
            user_id: The customer, if it is a user.
            team_id: The customer, if it is a team.
            custom_customer_id: The customer, if it is something else.
            token_store: Whose session; the app's own where left out.

        Raises:
            ItemNotFound: the project has no such item.
            ValueError: not exactly one customer was named.
        """
        customer = one_customer(
            user_id=user_id, team_id=team_id, custom_customer_id=custom_customer_id
        )
        return (yield from read_item(self._as_user(token_store), customer, item_id))

    @listing
    def list_products(
        self,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        custom_customer_id: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_LIMIT,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[Page[CustomerProduct, S_co]]:
        """List a customer's products (``GET /payments/products/{type}/{id}``).

        Args:
            user_id: The customer, if it is a user.
            team_id: The customer, if it is a team.
            custom_customer_id: The customer, if it is something else.
            cursor: A page's ``next_cursor``, to go on from there.
            limit: How many per page.
            token_store: Whose session; the app's own where left out.

        Raises:
            ValueError: not exactly one customer was named.
        """
        customer = one_customer(
            user_id=user_id, team_id=team_id, custom_customer_id=custom_customer_id
        )
        return self._as_user(token_store).pages(
            at("payments", "products", *customer), CustomerProduct.read, cursor=cursor, limit=limit
        )

    @operation
    def cancel_subscription(
        self,
        product_id: str,
        *,
        team_id: str | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[None]:
        """Cancel a subscription (``DELETE /payments/products/{type}/{id}/{product}``).

        Args:
            product_id: The product, as the project names it.
            team_id: The team whose it is; left out: it is the signed-in user's own.
            token_store: Whose session; the app's own where left out.

        Raises:
            UserNotSignedIn: nobody is signed in.
            StackStatusError: there is no such subscription.
        """
        session = self._as_user(token_store)
        customer: CustomerId = ("team", team_id or "")
        if team_id is None:
            pair = yield from self._store_for(token_store).get_or_fetch_likely_valid_tokens(
                session.api
            )
            claims = unverified_claims(pair.access_token) if pair.access_token else None
            user_id = (claims or {}).get("sub")
            if not isinstance(user_id, str):
                raise UserNotSignedIn
            customer = ("user", user_id)
        yield from session.delete(at("payments", "products", *customer, product_id))


class ServerPaymentOperations(BaseApp[S_co], Generic[S_co]):
    """Anybody's items and products."""

    @operation
    def get_item(
        self,
        item_id: str,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        custom_customer_id: str | None = None,
    ) -> Steps[ServerItem[S_co]]:
        """Return an item of a customer (``GET /payments/items/{type}/{id}/{item}``).

        Args:
            item_id: The item, as the project names it.
            user_id: The customer, if it is a user.
            team_id: The customer, if it is a team.
            custom_customer_id: The customer, if it is something else.

        Raises:
            ItemNotFound: the project has no such item.
            CustomerDoesNotExist: there is no such customer.
            ValueError: not exactly one customer was named.
        """
        customer = one_customer(
            user_id=user_id, team_id=team_id, custom_customer_id=custom_customer_id
        )
        return (yield from read_server_item(self._as_project, customer, item_id))

    @listing
    def list_products(
        self,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        custom_customer_id: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Steps[Page[CustomerProduct, S_co]]:
        """List a customer's products (``GET /payments/products/{type}/{id}``).

        Args:
            user_id: The customer, if it is a user.
            team_id: The customer, if it is a team.
            custom_customer_id: The customer, if it is something else.
            cursor: A page's ``next_cursor``, to go on from there.
            limit: How many per page.

        Raises:
            ValueError: not exactly one customer was named.
        """
        customer = one_customer(
            user_id=user_id, team_id=team_id, custom_customer_id=custom_customer_id
        )
        path = at("payments", "products", *customer)
        return self._as_project.pages(path, CustomerProduct.read, cursor=cursor, limit=limit)

    @operation
    def grant_product(
        self,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        custom_customer_id: str | None = None,
        product_id: str | None = None,
        product: InlineProduct | None = None,
        quantity: int | None = None,
    ) -> Steps[None]:
        """Give a customer a product (``POST /payments/products/{type}/{id}``).

        Args:
            user_id: The customer, if it is a user.
            team_id: The customer, if it is a team.
            custom_customer_id: The customer, if it is something else.
            product_id: The product, as the project names it.
            product: A product made on the spot instead, as the API writes one.
            quantity: How many; one where left out.

        Raises:
            ProductDoesNotExist: the project has no such product.
            ProductAlreadyGranted: the customer has it, and cannot have it twice.
            ValueError: not exactly one customer, or not exactly one product was named.
        """
        customer = one_customer(
            user_id=user_id, team_id=team_id, custom_customer_id=custom_customer_id
        )
        if (product_id is None) is (product is None):
            raise ValueError("give product_id= or product=")
        inline = None if product is None else dict(product)
        body = present(product_id=product_id, product_inline=inline, quantity=quantity)
        yield from self._as_project.post(at("payments", "products", *customer), body)
