"""How many of an item a customer has: what was given, used and has expired. Pure.

An account is folded as it goes, so that asking costs the same after a million changes. Uses take
what expires first: of expiring units only those are lost that nobody had used by then.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any, Literal

Unit = Literal["day", "week", "month", "year"]
Interval = tuple[int, Unit]
Expiry = Literal["never", "when-purchase-expires", "when-repeated"]
# A grant whose repeats nobody could want to count; what comes later is not given any more.
MOST_REPEATS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What will happen to an account.

    Attributes:
        kind: ``expire`` takes back what was not used, ``return`` gives a use back, ``repeat`` gives
            the same again.
        amount: How many.
        at: When, in milliseconds; ``None``: when the purchase ends.
        purchase_id: The purchase it belongs to, if any.
        since, times, interval: Of a repeat: its first instant, how often it has come, and the time
            between two.
        expiry: Of a repeat: what becomes of what was given before.
    """

    kind: Literal["expire", "return", "repeat"]
    amount: int
    at: int | None
    purchase_id: str | None = None
    since: int = 0
    times: int = 0
    interval: Interval | None = None
    expiry: Expiry = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One customer's account of one item.

    ``gone`` is what was used or has expired, no unit twice; it is never less than ``expired``.
    """

    granted: int = 0
    expired: int = 0
    gone: int = 0
    due: tuple[Due, ...] = field(default=())

    @property
    def quantity(self) -> int:
        """How many there are now; less than 0 where that was allowed."""
        return self.granted - self.gone

    @classmethod
    def from_json(cls, text: str) -> Account:
        """Read what ``as_json`` wrote."""
        found: dict[str, Any] = json.loads(text)
        dues = [_due(each) for each in found.pop("due")]
        return cls(**found, due=tuple(dues))

    def as_json(self) -> str:
        """Return the stored form."""
        return json.dumps(asdict(self))


def advanced(account: Account, *, now: int) -> Account:
    """Return the account after everything that is due until now, in the order of its time."""
    while True:
        timed = [one for one in account.due if one.at is not None and one.at <= now]
        if not timed:
            return account
        # A use is given back last: what it took must not expire in the same instant.
        first = min(timed, key=lambda one: (one.at or 0, one.kind == "return"))
        rest = list(account.due)
        rest.remove(first)
        account = _happened(replace(account, due=tuple(rest)), first)


def changed(account: Account, delta: int, *, expires_at: int | None, now: int) -> Account:
    """Return the account with more or less of the item; the change ends at ``expires_at``."""
    account = advanced(account, now=now)
    if expires_at is not None and expires_at <= now:
        return account
    if delta < 0:
        account = replace(account, gone=account.gone - delta)
        kind: Literal["expire", "return"] = "return"
    else:
        account = replace(account, granted=account.granted + delta)
        kind = "expire"
    if expires_at is None or delta == 0:
        return account
    return _with(account, Due(kind=kind, amount=abs(delta), at=expires_at))


def given(
    account: Account,
    amount: int,
    *,
    purchase_id: str,
    expiry: Expiry,
    interval: Interval | None,
    now: int,
) -> Account:
    """Return the account with what a purchase includes, and what of it comes again."""
    account = advanced(account, now=now)
    account = replace(account, granted=account.granted + amount)
    if expiry == "when-purchase-expires":
        account = _with_purchase(account, purchase_id, amount)
    if interval is None:
        return account
    repeat = Due(
        kind="repeat",
        amount=amount,
        at=after(now, interval, times=1),
        purchase_id=purchase_id,
        since=now,
        times=1,
        interval=interval,
        expiry=expiry,
    )
    return _with(account, repeat)


def ended(account: Account, purchase_id: str, *, now: int) -> Account:
    """Return the account after a purchase's end: nothing comes again, and some of it is lost."""
    account = advanced(account, now=now)
    of_purchase = [one for one in account.due if one.purchase_id == purchase_id]
    account = replace(account, due=tuple(d for d in account.due if d.purchase_id != purchase_id))
    for one in of_purchase:
        if one.kind == "expire":
            account = _expired(account, one.amount)
        elif one.expiry == "when-repeated":
            # It was good until the next one comes.
            account = _with(account, Due(kind="expire", amount=one.amount, at=one.at))
    return account


def after(since: int, interval: Interval, *, times: int) -> int:
    """Return the instant that lies so many intervals after ``since``, in milliseconds.

    Months and years keep the day, or the month's last one; so the 31st comes back after February.
    """
    count, unit = interval[0] * times, interval[1]
    if unit in ("day", "week"):
        return since + count * (7 if unit == "week" else 1) * 86_400_000
    start = datetime.fromtimestamp(since // 1000, UTC)
    months = start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    if year > MAXYEAR:
        return _LAST
    day = min(start.day, calendar.monthrange(year, month)[1])
    moved = start.replace(year=year, month=month, day=day)
    return (moved - _EPOCH) // timedelta(milliseconds=1) + since % 1000


_EPOCH = datetime.fromtimestamp(0, UTC)
_LAST = (datetime(MAXYEAR, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _due(found: dict[str, Any]) -> Due:
    if found["interval"] is not None:
        found["interval"] = tuple(found["interval"])
    return Due(**found)


def _happened(account: Account, due: Due) -> Account:
    if due.kind == "expire":
        return _expired(account, due.amount)
    if due.kind == "return":
        return replace(account, gone=max(account.gone - due.amount, account.expired))
    return _repeated(account, due)


def _repeated(account: Account, due: Due) -> Account:
    assert due.interval is not None  # noqa: S101 - every repeat has one
    if due.expiry == "when-repeated":
        account = _expired(account, due.amount)
    account = replace(account, granted=account.granted + due.amount)
    if due.expiry == "when-purchase-expires":
        assert due.purchase_id is not None  # noqa: S101 - only purchases repeat
        account = _with_purchase(account, due.purchase_id, due.amount)
    if due.times >= MOST_REPEATS:
        return account
    times = due.times + 1
    return _with(account, replace(due, times=times, at=after(due.since, due.interval, times=times)))


def _expired(account: Account, amount: int) -> Account:
    expired = account.expired + amount
    return replace(account, expired=expired, gone=max(account.gone, expired))


def _with(account: Account, due: Due) -> Account:
    return replace(account, due=(*account.due, due))


def _with_purchase(account: Account, purchase_id: str, amount: int) -> Account:
    """Note what ends with a purchase, in one entry however often it is repeated."""
    kept, total = [], amount
    for one in account.due:
        if one.kind == "expire" and one.purchase_id == purchase_id:
            total += one.amount
        else:
            kept.append(one)
    ends = Due(kind="expire", amount=total, at=None, purchase_id=purchase_id)
    return replace(account, due=(*kept, ends))
