"""Pure decisions about products: who may own what, and what a switch or a cancellation needs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from keyturn.server.payments import rules
from keyturn.server.payments.catalog import Payments, Product
from keyturn.server.payments.intervals import after
from keyturn.server.payments.rules import AlreadyGranted, Customer, Owned, Refused
from keyturn.server.projects.rules import ProjectConfig

MONTHLY = {"monthly": {"USD": "10", "interval": [1, "month"]}}
ONCE = {"once": {"USD": "99.50"}}
ADA = Customer(type="user", id="ada")


def product(**members: Any) -> Product:
    return Product.model_validate(
        {"display_name": "P", "customer_type": "user", "prices": MONTHLY} | members
    )


def owning(product_id: str | None = "a", **members: Any) -> Owned:
    found = product(**members)
    kind, price_id = rules.first_price(found)
    return Owned(
        id=f"grant of {product_id}",
        product_id=product_id,
        product=found,
        kind=kind,
        price_id=price_id,
        quantity=1,
        created_at=0,
    )


OFFER = Payments(
    products={
        "a": product(product_line_id="plans"),
        "b": product(product_line_id="plans"),
        "hidden": product(product_line_id="plans", server_only=True),
        "once": product(product_line_id="plans", prices=ONCE),
        "other": product(product_line_id="others"),
        "loose": product(),
        "team": product(product_line_id="plans", customer_type="team"),
        "extra": product(product_line_id="plans", add_on_to=["a"]),
    }
)


def test_the_first_price_decides_what_a_grant_makes() -> None:
    assert rules.first_price(product()) == ("subscription", "monthly")
    assert rules.first_price(product(prices=ONCE)) == ("one_time", "once")
    assert rules.first_price(product(prices={})) == ("one_time", None)


def test_one_owns_as_many_as_can_be_stacked() -> None:
    stackable = product(stackable=True)
    assert rules.check_grant(stackable, "a", 3, [owning(stackable=True)]) == []
    assert rules.check_grant(product(), None, 1, [owning(None)]) == []
    with pytest.raises(Refused, match="stackable"):
        rules.check_grant(product(), "a", 2, [])
    with pytest.raises(AlreadyGranted):
        rules.check_grant(product(), "a", 1, [owning()])


def test_an_add_on_needs_what_it_adds_to_and_stays_beside_it() -> None:
    extra = product(add_on_to=["a"], product_line_id="plans")
    with pytest.raises(Refused, match="add-on"):
        rules.check_grant(extra, "extra", 1, [owning("b")])
    base = owning("a", product_line_id="plans")
    assert rules.check_grant(extra, "extra", 1, [base]) == []
    beside = owning("extra", product_line_id="plans", add_on_to=["a"])
    assert rules.check_grant(OFFER.products["b"], "b", 1, [base, beside]) == [base]


def test_of_a_line_the_subscription_before_ends_and_a_purchase_stays() -> None:
    new = OFFER.products["b"]
    before = owning("a", product_line_id="plans")
    assert rules.check_grant(new, "b", 1, [before, owning("c")]) == [before]
    assert rules.check_grant(product(), "z", 1, [before]) == []
    with pytest.raises(Refused, match="one-time"):
        rules.check_grant(new, "b", 1, [owning("once", product_line_id="plans", prices=ONCE)])


def test_only_subscriptions_are_cancelled() -> None:
    subscription, bought = owning("a"), owning("b", prices=ONCE)
    owned = [subscription, bought]
    assert rules.check_cancellation(owned, "a", subscription_id=None) == [subscription]
    found = rules.check_cancellation(owned, "whatever", subscription_id=subscription.id)
    assert found == [subscription]
    for product_id, subscription_id in (("b", None), ("c", None), ("a", bought.id), ("a", "x")):
        with pytest.raises(Refused):
            rules.check_cancellation(owned, product_id, subscription_id=subscription_id)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a", "unknown"),
        ("unknown", "a"),
        ("a", "team"),
        ("team", "a"),
        ("a", "other"),
        ("loose", "loose"),
        ("a", "a"),
        ("a", "extra"),
    ],
)
def test_what_is_no_pair_is_not_switched_between(source: str, target: str) -> None:
    with pytest.raises(Refused):
        rules.check_switch(OFFER, ADA, source, target)


def test_a_switch_goes_to_a_price_with_an_interval() -> None:
    target = rules.check_switch(OFFER, ADA, "a", "b")
    assert rules.switched_price(target, None) == "monthly"
    assert rules.switched_price(target, "monthly") == "monthly"
    for wrong, price_id in ((target, "yearly"), (OFFER.products["once"], None)):
        with pytest.raises(Refused):
            rules.switched_price(wrong, price_id)


def test_a_subscription_of_a_line_could_be_switched_to_the_others() -> None:
    mine = owning("a", product_line_id="plans")
    assert rules.switch_options(OFFER, mine, ADA, for_client=False) == ["b", "hidden"]
    assert rules.switch_options(OFFER, mine, ADA, for_client=True) == ["b"]
    for one in (
        owning("loose"),
        owning(None, product_line_id="plans"),
        owning("once", product_line_id="plans", prices=ONCE),
    ):
        assert rules.switch_options(OFFER, one, ADA, for_client=False) == []


def test_a_period_ends_after_now() -> None:
    mine = owning("a")
    assert mine.period_end(now=0) == after(0, (1, "month"), times=1)
    now = after(0, (1, "month"), times=5)
    assert mine.period_end(now=now) == after(0, (1, "month"), times=6)
    assert owning("b", prices=ONCE).period_end(now=0) is None
    assert owning("b", prices={}).period_end(now=0) is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T01:00:00.5+01:00", 500),
        ("1970-01-02", 86_400_000),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
    ],
)
def test_an_instant_is_read_with_and_without_offset(text: str, milliseconds: int) -> None:
    assert rules.expiry_of(text) == milliseconds


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "10000-01-01"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        rules.expiry_of(text)


def test_what_a_project_offers_is_kept_with_it() -> None:
    kept = ProjectConfig(payments=OFFER.model_dump(mode="json", exclude_defaults=True))
    assert rules.payments_of(ProjectConfig.from_json(kept.as_json())) == OFFER


@pytest.mark.parametrize(
    "offer",
    [
        {"products": {"a": {"display_name": "A", "customer_type": "user", "prices": {"p": {}}}}},
        {"products": {"a b": {"display_name": "A", "customer_type": "user"}}},
        {"products": {"a": {"display_name": "A", "customer_type": "firm"}}},
        {
            "products": {
                "a": {"display_name": "A", "customer_type": "user", "included_items": {"i": {}}}
            }
        },
        {"products": {"a": {"display_name": "A", "customer_type": "user", "add_on_to": ["b"]}}},
        {"items": {"i": {"display_name": "I"}}},
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(offer: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Payments.model_validate(offer)
