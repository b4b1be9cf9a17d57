"""The ledger: what was given, used and has expired, folded as it goes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from keyturn.server.payments.ledger import (
    MOST_REPEATS,
    Account,
    Due,
    Expiry,
    Interval,
    advanced,
    after,
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
    assert account.due == ()


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
class Given:
    amount: int
    granted_at: int
    expires_at: int


def replayed(history: list[Given], now: int) -> int:
    """Count from the whole history, the slow way, as it was first described."""
    times = {one.granted_at for one in history}
    times |= {one.expires_at for one in history if one.amount > 0 and one.expires_at <= now}
    granted = expired = gone = 0
    for time in sorted(times):
        for one in history:
            if one.amount > 0 and one.granted_at == time:
                granted += one.amount
            if one.amount > 0 and one.expires_at == time <= now:
                expired += one.amount
        used = sum(-o.amount for o in history if o.amount < 0 and o.granted_at == time)
        gone = max(gone + used, expired)
    return granted - gone


def test_folding_gives_what_the_whole_history_gives() -> None:
    chance = random.Random(20261121)  # noqa: S311 - the same histories each time
    for _ in range(300):
        account, history, now = Account(), list[Given](), 0
        for _ in range(chance.randint(1, 25)):
            now += 2 * chance.randint(1, 5)
            if chance.random() < 0.5:
                expires_at = now + 2 * chance.randint(0, 30) + 1  # never with a change
                amount = chance.randint(1, 9)
            else:
                expires_at, amount = 10**9, -chance.randint(1, 9)
            history.append(Given(amount, now, expires_at))
            expiry = expires_at if expires_at < 10**9 else None
            account = changed(account, amount, expires_at=expiry, now=now)
            later = now + chance.randint(0, 80)
            assert advanced(account, now=later).quantity == replayed(history, later)


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
    assert len(account.due) <= 1


def test_a_repeat_ends_after_a_time_that_nobody_sees() -> None:
    last = Due(
        kind="repeat",
        amount=1,
        at=1,
        purchase_id="p",
        times=MOST_REPEATS,
        interval=(1, "day"),
    )
    assert advanced(Account(due=(last,)), now=10**12) == Account(granted=1)


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
    assert Account.from_json(account.as_json()) == account
