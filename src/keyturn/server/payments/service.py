"""Use cases of items and products: count, grant, cancel, switch. Each is one unit of work.

An account is read and written in the same transaction, and a transaction that read what another
has changed in the meantime does not commit: so of two that take the last unit, one is refused.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keyturn.server.events import store as events
from keyturn.server.payments import ledger, rules, store
from keyturn.server.storage.base import StorageConflict

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.payments.catalog import Payments as Offer
    from keyturn.server.payments.catalog import Product
    from keyturn.server.payments.rules import Customer, Owned
    from keyturn.server.storage.base import Storage, Work


class NoSuchCustomer(Exception):
    """The project has no such user or team."""


class NotEnough(Exception):
    """The customer has less than was to be taken."""


class KeyReused(Exception):
    """The idempotency key stands for another change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """More or less of an item. ``expires_at`` is in milliseconds; of equal keys one counts."""

    delta: int
    description: str | None = None
    expires_at: int | None = None
    key: str | None = None
    allow_negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A product for a customer; ``product_id`` is ``None`` for one that came along inline."""

    product: Product
    product_id: str | None
    quantity: int
    price_id: str | None = None
    kind: rules.Kind = "one_time"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Payments:
    """The items and products of every project's customers."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def quantity(self, project_id: str, customer: Customer, item_id: str) -> int:
        """Return how many of an item a customer has. Raises NoSuchCustomer."""
        now = self._clock.now_ms()
        return await self._storage.read(self._quantity, project_id, customer, item_id, now)

    async def change(
        self, project_id: str, customer: Customer, item_id: str, change: Change
    ) -> None:
        """Give or take some of an item.

        Raises:
            NoSuchCustomer, NotEnough, KeyReused: nothing was changed.
        """
        found = str(uuid.uuid4()), project_id, customer, item_id, change, self._clock.now_ms()
        try:
            await self._storage.write(self._change, *found)
        except StorageConflict:
            # The same key at the same moment: the other request counts, and now it can be seen.
            await self._storage.write(self._change, *found)

    async def owned(self, project_id: str, customer: Customer) -> list[Owned]:
        """Return what a customer owns, oldest first."""
        return await self._storage.read(store.owned, project_id, customer)

    async def grant(self, project_id: str, customer: Customer, grant: Grant) -> None:
        """Grant a product; another subscription of its line ends.

        Raises:
            NoSuchCustomer, rules.Refused, rules.AlreadyGranted: nothing was changed.
        """
        now = self._clock.now_ms()
        await self._storage.write(self._grant, project_id, customer, grant, now)

    async def cancel(
        self,
        project_id: str,
        customer: Customer,
        product_id: str,
        *,
        subscription_id: str | None,
    ) -> None:
        """End a customer's subscriptions of a product, or the one with this id.

        Raises:
            rules.Refused: nothing was changed.
        """
        await self._storage.write(
            self._cancel, project_id, customer, product_id, subscription_id, self._clock.now_ms()
        )

    async def switch(
        self,
        project_id: str,
        customer: Customer,
        offer: Offer,
        *,
        from_id: str,
        to_id: str,
        price_id: str | None,
        quantity: int | None,
    ) -> None:
        """Replace a customer's subscription by one of the same line; ``None`` keeps the quantity.

        Raises:
            NoSuchCustomer, rules.Refused, rules.AlreadyGranted: nothing was changed.
        """
        product = rules.check_switch(offer, customer, from_id, to_id)
        grant = Grant(
            product=product,
            product_id=to_id,
            quantity=quantity or 0,
            price_id=rules.switched_price(product, price_id),
            kind="subscription",
        )
        await self._storage.write(
            self._switch, project_id, customer, from_id, grant, self._clock.now_ms()
        )

    def _quantity(self, project_id: str, customer: Customer, item_id: str, now: int) -> Work[int]:
        yield from _present(project_id, customer)
        account = yield from store.account(project_id, customer, item_id)
        return ledger.advanced(account, now=now).quantity

    def _change(
        self,
        change_id: str,
        project_id: str,
        customer: Customer,
        item_id: str,
        change: Change,
        now: int,
    ) -> Work[None]:
        yield from _present(project_id, customer)
        if change.key is not None:
            earlier = yield from store.change(project_id, customer, item_id, key=change.key)
            if earlier is not None:
                if not _same(change, dict(earlier)):
                    raise KeyReused
                return
        account = yield from store.account(project_id, customer, item_id)
        before = ledger.advanced(account, now=now)
        if before.quantity + change.delta < 0 and not change.allow_negative:
            raise NotEnough
        after = ledger.changed(before, change.delta, expires_at=change.expires_at, now=now)
        yield from store.save_account(project_id, customer, item_id, after)
        yield from store.add_change(
            change_id,
            project_id,
            customer,
            item_id,
            delta=change.delta,
            description=change.description,
            expires_at=change.expires_at,
            key=change.key,
            now=now,
        )

    def _grant(self, project_id: str, customer: Customer, grant: Grant, now: int) -> Work[None]:
        yield from _present(project_id, customer)
        owned = yield from store.owned(project_id, customer)
        ending = rules.check_grant(grant.product, grant.product_id, grant.quantity, owned)
        yield from self._end(project_id, customer, ending, now)
        yield from store.add_grant(
            grant.id,
            project_id,
            customer,
            product_id=grant.product_id,
            product=grant.product,
            kind=grant.kind,
            price_id=grant.price_id,
            quantity=grant.quantity,
            now=now,
        )
        for item_id, included in grant.product.included_items.items():
            account = yield from store.account(project_id, customer, item_id)
            account = ledger.given(
                account,
                included.quantity * grant.quantity,
                purchase_id=grant.id,
                expiry=included.expires,
                interval=None if included.repeat == "never" else included.repeat,
                now=now,
            )
            yield from store.save_account(project_id, customer, item_id, account)
        yield from _recorded("product.granted", project_id, customer, grant.product_id, now)

    def _cancel(
        self,
        project_id: str,
        customer: Customer,
        product_id: str,
        subscription_id: str | None,
        now: int,
    ) -> Work[None]:
        owned = yield from store.owned(project_id, customer)
        ending = rules.check_cancellation(owned, product_id, subscription_id=subscription_id)
        yield from self._end(project_id, customer, ending, now)

    def _switch(
        self, project_id: str, customer: Customer, from_id: str, grant: Grant, now: int
    ) -> Work[None]:
        yield from _present(project_id, customer)
        owned = yield from store.owned(project_id, customer)
        ending = rules.check_cancellation(owned, from_id, subscription_id=None)
        yield from self._end(project_id, customer, ending, now)
        kept = grant.quantity or ending[-1].quantity
        yield from self._grant(project_id, customer, replace(grant, quantity=kept), now)

    def _end(
        self, project_id: str, customer: Customer, ending: list[Owned], now: int
    ) -> Work[None]:
        for one in ending:
            if not (yield from store.end_grant(one.id, now=now)):
                continue
            for item_id in one.product.included_items:
                account = yield from store.account(project_id, customer, item_id)
                account = ledger.ended(account, one.id, now=now)
                yield from store.save_account(project_id, customer, item_id, account)
            yield from _recorded("product.ended", project_id, customer, one.product_id, now)


def _present(project_id: str, customer: Customer) -> Work[None]:
    if not (yield from store.exists(project_id, customer)):
        raise NoSuchCustomer


def _recorded(
    kind: str, project_id: str, customer: Customer, product_id: str | None, now: int
) -> Work[None]:
    yield from events.record(
        kind,
        now=now,
        project_id=project_id,
        user_id=customer.id if customer.type == "user" else None,
        customer=f"{customer.type} {customer.id}",
        product=product_id,
    )


def _same(change: Change, earlier: dict[str, object]) -> bool:
    names = ("delta", "description", "expires_at")
    return all(getattr(change, name) == earlier[name] for name in names)
