"""What items and products need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.payments.ledger import Account
from keyturn.server.payments.rules import Owned
from keyturn.server.storage.base import Row, Work, every, first, run
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.payments.catalog import Product
    from keyturn.server.payments.rules import Customer, Kind


def exists(project_id: str, customer: Customer) -> Work[bool]:
    """Say whether a customer is there; those that the project names itself always are."""
    if customer.type == "user":
        return (yield from accounts.by_id(project_id, customer.id)) is not None
    if customer.type == "team":
        return (yield from teams.by_id(project_id, customer.id)) is not None
    return True


def account(project_id: str, customer: Customer, item_id: str) -> Work[Account]:
    """Return a customer's account of an item; an empty one if there is none yet."""
    row = yield from first("item_account", **_item(project_id, customer, item_id))
    return Account.from_json(row["state"]) if row else Account()


def save_account(project_id: str, customer: Customer, item_id: str, found: Account) -> Work[None]:
    """Keep an account; in the unit of work that read it, or it may be an old one."""
    item = _item(project_id, customer, item_id)
    yield from run("save_item_account", **item, state=found.as_json())


def change(project_id: str, customer: Customer, item_id: str, *, key: str) -> Work[Row | None]:
    """Return the change that was made under an idempotency key."""
    item = _item(project_id, customer, item_id)
    return (yield from first("item_change", **item, idempotency_key=key))


def add_change(
    change_id: str,
    project_id: str,
    customer: Customer,
    item_id: str,
    *,
    delta: int,
    description: str | None,
    expires_at: int | None,
    key: str | None,
    now: int,
) -> Work[None]:
    """Note a change of an account."""
    yield from run(
        "insert_item_change",
        id=change_id,
        **_item(project_id, customer, item_id),
        delta=delta,
        description=description,
        expires_at=expires_at,
        idempotency_key=key,
        now=now,
    )


def owned(project_id: str, customer: Customer) -> Work[list[Owned]]:
    """Return what a customer owns, oldest first."""
    rows = yield from every("products_owned", **_customer(project_id, customer))
    return [Owned.from_row(row) for row in rows]


def add_grant(
    grant_id: str,
    project_id: str,
    customer: Customer,
    *,
    product_id: str | None,
    product: Product,
    kind: Kind,
    price_id: str | None,
    quantity: int,
    now: int,
) -> Work[None]:
    """Note that a customer owns a product."""
    yield from run(
        "insert_product_grant",
        id=grant_id,
        **_customer(project_id, customer),
        product_id=product_id,
        product=product.model_dump_json(),
        kind=kind,
        price_id=price_id,
        quantity=quantity,
        now=now,
    )


def end_grant(grant_id: str, *, now: int) -> Work[bool]:
    """End a customer's ownership; false if it had ended."""
    return (yield from first("end_product_grant", id=grant_id, now=now)) is not None


def _customer(project_id: str, customer: Customer) -> dict[str, str]:
    return {
        "project_id": project_id,
        "customer_type": customer.type,
        "customer_id": customer.id,
    }


def _item(project_id: str, customer: Customer, item_id: str) -> dict[str, str]:
    return {**_customer(project_id, customer), "item_id": item_id}
