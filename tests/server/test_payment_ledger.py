"""The ledger: what was given, used and has expired, folded as it goes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from keyturn.server.payments.intervals import Interval, after
from keyturn.server.payments.ledger import (
    MOST_REPEATS,
    Account,
    Expiry,
    Repeat,
    advanced,
    changed,
    ended,
    given,
)

DAY = 86_400_000


def at(year: int, month: int, day: int) -> int:
    return round(datetime(year, month, day, 12, 30, tzinfo=UTC).timestamp() * 1000) + 7


def test_more_and_less_add_up() -> None:
    account = Account()
    for now, delta in enumerate((2, -1, 5, 0, -6, -3)):
        account = changed(account, delta, expires_at=None, now=now)
    assert account.quantity == -3
    assert (account.parts, account.returns, account.repeats) == ((), (), ())


def test_what_nobody_used_is_lost_when_it_expires_and_what_was_used_is_not_lost_twice() -> None:
    account = changed(Account(), 10, expires_at=100, now=0)
    account = changed(account, 5, expires_at=None, now=1)
    account = changed(account, -4, expires_at=None, now=50)
    assert advanced(account, now=99).quantity == 11
    # Of the ten four were used, so six are lost.
    assert advanced(account, now=100).quantity == 5
    spent = changed(account, -11, expires_at=None, now=60)
    assert advanced(spent, now=100).quantity == 0


def test_a_use_that_ends_is_given_back() -> None:
    account = changed(Account(), 5, expires_at=None, now=0)
    account = changed(account, -3, expires_at=50, now=1)
    assert advanced(account, now=49).quantity == 2
    assert advanced(account, now=50).quantity == 5


def test_a_use_that_ends_gives_nothing_back_that_has_expired_meanwhile() -> None:
    account = changed(Account(), 5, expires_at=40, now=0)
    account = changed(account, -3, expires_at=50, now=1)
    assert [advanced(account, now=t).quantity for t in (39, 40, 50)] == [2, 0, 0]


def test_what_has_expired_already_changes_nothing() -> None:
    account = changed(Account(), 4, expires_at=9, now=10)
    assert account == Account()


@dataclass(frozen=True)
class Unit:
    """One single unit, in the slow way of counting."""

    lost_at: float


def counted(history: list[tuple[int, int, float]], now: int) -> int:
    """Count unit by unit over the whole history: instants, amounts, and when each is lost."""
    units, debt = list[Unit](), 0
    for at, amount, lost_at in [*history, (now, 0, 0)]:
        units = sorted((unit for unit in units if unit.lost_at > at), key=lambda u: u.lost_at)
        for _ in range(amount):
            if debt:
                debt -= 1
            else:
                units.append(Unit(lost_at))
        for _ in range(-amount):
            if units:
                units.pop(0)
            else:
                debt += 1
    return len(units) - debt


def test_folding_gives_what_counting_unit_by_unit_gives() -> None:
    chance = random.Random(20261121)  # noqa: S311 - the same histories each time
    for _ in range(300):
        account, history, now = Account(), list[tuple[int, int, float]](), 0
        for _ in range(chance.randint(1, 25)):
            now += chance.randint(0, 5)
            amount = chance.randint(-9, 9)
            lost_at = chance.choice([math.inf, now + chance.randint(1, 60)])
            history.append((now, amount, lost_at))
            expires_at = None if amount < 0 or lost_at == math.inf else int(lost_at)
            account = changed(account, amount, expires_at=expires_at, now=now)
            later = now + chance.randint(0, 80)
            assert advanced(account, now=later).quantity == counted(history, later)
            assert account.debt == 0 or account.quantity == -account.debt


def test_what_was_used_before_does_not_come_back_when_something_else_is_lost() -> None:
    account = changed(Account(), 5, expires_at=None, now=0)
    account = changed(account, -2, expires_at=None, now=1)
    account = given(
        account, 10, purchase_id="p", expiry="when-purchase-expires", interval=None, now=2
    )
    assert account.quantity == 13
    assert ended(account, "p", now=3).quantity == 3


def test_what_is_given_pays_the_debt_first() -> None:
    account = changed(Account(), -4, expires_at=None, now=0)
    account = changed(account, 10, expires_at=50, now=1)
    assert account.quantity == 6
    assert advanced(account, now=50).quantity == 0


def test_a_use_that_ends_gives_nothing_back_of_a_purchase_that_has_ended() -> None:
    account = given(
        Account(), 5, purchase_id="p", expiry="when-purchase-expires", interval=None, now=0
    )
    account = changed(account, 1, expires_at=None, now=0)
    account = changed(account, -6, expires_at=50, now=1)
    account = ended(account, "p", now=2)
    assert advanced(account, now=50).quantity == 1


def test_what_comes_with_a_purchase_ends_with_it_where_that_was_said() -> None:
    account = changed(Account(), 1, expires_at=None, now=0)
    account = given(
        account, 5, purchase_id="p", expiry="when-purchase-expires", interval=None, now=1
    )
    account = given(account, 7, purchase_id="p", expiry="never", interval=None, now=1)
    assert account.quantity == 13
    account = changed(account, -2, expires_at=None, now=2)
    assert ended(account, "another", now=3).quantity == 11
    assert ended(account, "p", now=3).quantity == 8


@pytest.mark.parametrize(
    ("expiry", "days_to_quantity", "after_the_end"),
    [
        ("never", {0: 10, 1: 20, 3: 40}, {3: 40, 4: 40, 9: 40}),
        ("when-repeated", {0: 10, 1: 10, 3: 10}, {3: 10, 4: 0, 9: 0}),
        ("when-purchase-expires", {0: 10, 1: 20, 3: 40}, {3: 0, 9: 0}),
    ],
)
def test_what_repeats_comes_again_until_the_purchase_ends(
    expiry: Expiry, days_to_quantity: dict[int, int], after_the_end: dict[int, int]
) -> None:
    account = given(
        Account(),
        10,
        purchase_id="p",
        expiry=expiry,
        interval=(1, "day"),
        now=0,
    )
    for days, quantity in days_to_quantity.items():
        assert advanced(account, now=days * DAY).quantity == quantity
    account = ended(account, "p", now=3 * DAY)
    for days, quantity in after_the_end.items():
        assert advanced(account, now=days * DAY).quantity == quantity
    assert account.repeats == ()


def test_a_repeat_ends_after_a_time_that_nobody_sees() -> None:
    last = Repeat(
        at=1,
        purchase_id="p",
        amount=1,
        since=0,
        times=MOST_REPEATS,
        interval=(1, "day"),
        expiry="never",
    )
    assert advanced(Account(repeats=(last,)), now=10**12) == Account(lasting=1)


@pytest.mark.parametrize(
    ("start", "interval", "times", "then"),
    [
        (at(2026, 1, 31), (1, "month"), 1, at(2026, 2, 28)),
        (at(2026, 1, 31), (1, "month"), 2, at(2026, 3, 31)),
        (at(2028, 1, 31), (1, "month"), 1, at(2028, 2, 29)),
        (at(2026, 11, 30), (3, "month"), 1, at(2027, 2, 28)),
        (at(2028, 2, 29), (1, "year"), 1, at(2029, 2, 28)),
        (at(2028, 2, 29), (1, "year"), 4, at(2032, 2, 29)),
        (at(2026, 12, 31), (2, "week"), 1, at(2027, 1, 14)),
        (at(2026, 12, 31), (3, "day"), 2, at(2027, 1, 6)),
    ],
)
def test_months_keep_the_day_or_take_their_last(
    start: int, interval: Interval, times: int, then: int
) -> None:
    assert after(start, interval, times=times) == then


def test_after_the_last_year_comes_no_later_one() -> None:
    assert after(at(2026, 1, 1), (10_000, "year"), times=1) == after(0, (9_999, "year"), times=2)


def test_an_account_is_kept_and_read_back_whole() -> None:
    account = given(
        Account(), 3, purchase_id="p", expiry="when-purchase-expires", interval=(1, "week"), now=5
    )
    account = changed(account, 9, expires_at=50, now=6)
    account = changed(account, -4, expires_at=60, now=7)
    account = changed(account, 2, expires_at=None, now=8)
    assert Account.from_json(account.as_json()) == account
    assert account.quantity == 10
