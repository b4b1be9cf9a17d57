"""Items and products of customers, and what a server without a payment provider says."""

from typing import Any

import pytest

from keyturn.protocol.errors import UnexpectedReply
from keyturn.sdk import NotSupportedByServer, Price, StackStatusError, UserNotSignedIn
from keyturn.sdk.known_errors import ItemNotFound, ProductAlreadyGranted
from keyturn.sdk.values import Members
from tests.sdk.stage_ import Form, StagedProject, collected, done, page_of, verified

OFFER = {
    "items": {
        "credits": {"display_name": "Credits", "customer_type": "user"},
        "seats": {"display_name": "Seats", "customer_type": "team"},
        "calls": {"display_name": "Calls", "customer_type": "custom"},
    },
    "products": {
        plan: {
            "display_name": plan.capitalize(),
            "customer_type": "user",
            "product_line_id": "plan",
            "prices": {"monthly": {"USD": price, "interval": [1, "month"]}},
            "included_items": {"credits": {"quantity": 5}},
        }
        for plan, price in (("basic", "5.00"), ("pro", "20.00"))
    },
}


@pytest.fixture(scope="module")
def project(stage: Any) -> Any:
    return stage.project(payments=OFFER, client_team_creation_enabled=True)


@pytest.mark.specified(
    "StackServerApp.get_item",
    "StackClientApp.get_item",
    "Customer.get_item",
    "Customer.has_item",
    "Customer.get_item_quantity",
    "Customer.list_items",
    "ServerItem.increase_quantity",
    "ServerItem.decrease_quantity",
    "ServerItem.try_decrease_quantity",
)
def test_items_are_counted_up_and_down(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        credits = await done(server.get_item("credits", user_id=user.id))
        assert (credits.id, credits.display_name, credits.quantity) == ("credits", "Credits", 0)
        await done(credits.increase_quantity(3))
        assert not await done(credits.try_decrease_quantity(4))
        assert await done(credits.try_decrease_quantity(3))
        assert not await done(user.has_item("credits"))
        await done(credits.decrease_quantity(2))
        seen = await done(user.get_item("credits"))
        assert (seen.quantity, seen.non_negative_quantity, credits.quantity) == (-2, 0, -2)
        assert await done(user.get_item_quantity("credits")) == -2
        assert (await done(app.get_item("credits", user_id=user.id))).quantity == -2
        with pytest.raises(ValueError, match="at least 1"):
            await done(credits.increase_quantity(0))
        with pytest.raises(NotSupportedByServer):
            await done(user.list_items())
        with pytest.raises(ItemNotFound):
            await done(user.get_item("nothing"))
        with pytest.raises(ValueError, match="exactly one"):
            await done(app.get_item("credits"))
        team = await done(user.create_team(display_name="Compilers"))
        seats = await done((await done(server.get_team(team.id))).get_item("seats"))
        await done(seats.increase_quantity(1))
        assert await done(team.has_item("seats"))
        calls = await done(server.get_item("calls", custom_customer_id="acme"))
        await done(calls.increase_quantity(1))

    form.play(body)


@pytest.mark.specified(
    "StackServerApp.grant_product",
    "StackServerApp.list_products",
    "StackClientApp.list_products",
    "StackClientApp.cancel_subscription",
    "Customer.list_products",
    "Customer.switch_subscription",
)
def test_a_product_is_granted_listed_and_cancelled(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        await done(server.grant_product(user_id=user.id, product_id="basic"))
        with pytest.raises(ProductAlreadyGranted):
            await done(server.grant_product(user_id=user.id, product_id="basic"))
        assert await done(user.get_item_quantity("credits")) == 5
        [basic] = await collected(user.list_products())
        assert (basic.id, basic.quantity, basic.type) == ("basic", 1, "subscription")
        assert (basic.display_name, basic.customer_type) == ("Basic", "user")
        [price] = basic.prices
        assert (price.id, price.amounts) == ("monthly", {"USD": "5.00"})
        assert (price.interval, price.interval_count) == ("month", 1)
        assert basic.subscription.is_cancelable
        assert [each.id for each in await collected(app.list_products(user_id=user.id))] == [
            "basic"
        ]
        there = await done(server.get_user(user.id))
        await done(there.switch_subscription(from_product_id="basic", to_product_id="pro"))
        listed = await collected(server.list_products(user_id=user.id))
        assert [each.id for each in listed] == ["pro"]
        inline = {
            "display_name": "A gift",
            "customer_type": "user",
            "server_only": False,
            "prices": {},
            "included_items": {"credits": {"quantity": 1}},
        }
        await done(server.grant_product(user_id=user.id, product=inline))
        page = await page_of(user.list_products(limit=1))
        assert (len(page.items), page.next_cursor is None) == (1, False)
        gift = [each for each in await collected(user.list_products(limit=1)) if each.id is None]
        assert [(each.display_name, each.type) for each in gift] == [("A gift", "one_time")]
        await done(app.cancel_subscription("pro"))
        assert [each.id for each in await collected(user.list_products())] == [None]
        with pytest.raises(UserNotSignedIn):
            await done(form.client(project).cancel_subscription("pro"))
        with pytest.raises(ValueError, match="product_id"):
            await done(server.grant_product(user_id=user.id))

    form.play(body)


@pytest.mark.specified(
    "Customer.get_billing",
    "Customer.create_checkout_url",
    "Customer.create_payment_method_setup_intent",
    "Customer.set_default_payment_method_from_setup_intent",
)
def test_without_a_payment_provider_nothing_can_be_bought(
    form: Form, project: StagedProject
) -> None:
    async def body() -> None:
        user = await done((await verified(form, project)).get_user())
        billing = await done(user.get_billing())
        assert (billing.has_customer, billing.default_payment_method) == (False, None)
        for call in (
            lambda: user.create_checkout_url("basic", return_url="http://localhost/"),
            user.create_payment_method_setup_intent,
            lambda: user.set_default_payment_method_from_setup_intent("seti_1"),
        ):
            with pytest.raises(StackStatusError, match="not set up"):
                await done(call())

    form.play(body)


@pytest.mark.parametrize("interval", ["month", [1], ["one", "month"], [1, 2], {}])
def test_an_interval_that_is_none_is_no_answer_of_the_api(interval: object) -> None:
    with pytest.raises(UnexpectedReply, match="interval"):
        Price.read("monthly", Members({"USD": "5.00", "interval": interval}))


def test_a_price_paid_once_has_no_interval() -> None:
    price = Price.read("once", Members({"USD": "5.00", "EUR": "4.50"}))
    assert price.amounts == {"USD": "5.00", "EUR": "4.50"}
    assert (price.interval, price.interval_count) == (None, None)
