"""How many of an item a customer has: what was given, and what is left of it. Pure.

An account is folded as it goes, so that asking costs the same after a million changes. Whoever uses
some takes what is lost first; of what is lost at some time only that is lost which is left then.
What is used beyond that is a debt, which the next that is given pays.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from keyturn.server.payments.intervals import Interval, after

Expiry = Literal["never", "when-purchase-expires", "when-repeated"]
# A grant whose repeats nobody could want to count; what comes later is not given any more.
MOST_REPEATS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of an item, and when it is lost.

    Attributes:
        amount: How many.
        at: When, in milliseconds; ``None``: with its purchase, or never.
        purchase_id: The purchase it came with, if any.
    """

    amount: int
    at: int | None = None
    purchase_id: str | None = None

    @property
    def lasts(self) -> bool:
        """Say whether it is never lost."""
        return self.at is None and self.purchase_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A use that ends: what it took is there again, as far as that is not lost meanwhile."""

    at: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What comes again as long as a purchase goes on.

    Attributes:
        at: When it comes next, in milliseconds.
        amount: How many.
        since, times, interval: Its first instant, the number of the next, and the time between two.
        expiry: When what was given before is lost.
    """

    at: int
    purchase_id: str
    amount: int
    since: int
    times: int
    interval: Interval
    expiry: Expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One customer's account of one item. Whoever has a debt has nothing else."""

    lasting: int = 0
    parts: tuple[Part, ...] = field(default=())
    debt: int = 0
    returns: tuple[Return, ...] = field(default=())
    repeats: tuple[Repeat, ...] = field(default=())

    @property
    def quantity(self) -> int:
        """How many there are now; less than 0 where that was allowed."""
        return self.lasting + sum(part.amount for part in self.parts) - self.debt

    @classmethod
    def from_json(cls, text: str) -> Account:
        """Read what ``as_json`` wrote."""
        found: dict[str, Any] = json.loads(text)
        return cls(
            lasting=found["lasting"],
            parts=_parts(found["parts"]),
            debt=found["debt"],
            returns=tuple(Return(at=r["at"], parts=_parts(r["parts"])) for r in found["returns"]),
            repeats=tuple(
                Repeat(**r | {"interval": tuple(r["interval"])}) for r in found["repeats"]
            ),
        )

    def as_json(self) -> str:
        """Return the stored form."""
        return json.dumps(asdict(self))


def advanced(account: Account, *, now: int) -> Account:
    """Return the account after everything that happens until now, in the order of its time."""
    while (time := _next(account)) is not None and time <= now:
        # What is lost goes before what comes, so that nothing outlives its time by an instant.
        account = replace(account, parts=tuple(p for p in account.parts if p.at != time))
        for repeat in [each for each in account.repeats if each.at == time]:
            account = _repeated(account, repeat)
        for ending in [each for each in account.returns if each.at == time]:
            account = _returned(account, ending)
    return account


def changed(account: Account, delta: int, *, expires_at: int | None, now: int) -> Account:
    """Return the account with more or less of the item; the change ends at ``expires_at``."""
    account = advanced(account, now=now)
    if expires_at is not None and expires_at <= now:
        return account
    if delta >= 0:
        return _given(account, Part(amount=delta, at=expires_at))
    account, taken = _taken(account, -delta)
    if expires_at is None:
        return account
    ending = Return(at=expires_at, parts=taken)
    return replace(account, returns=(*account.returns, ending))


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
    if interval is None:
        with_purchase = expiry == "when-purchase-expires"
        return _given(
            account, Part(amount=amount, purchase_id=purchase_id if with_purchase else None)
        )
    first = Repeat(
        at=now,
        purchase_id=purchase_id,
        amount=amount,
        since=now,
        times=0,
        interval=interval,
        expiry=expiry,
    )
    return _repeated(account, first)


def ended(account: Account, purchase_id: str, *, now: int) -> Account:
    """Return the account after a purchase's end: nothing comes again, and some of it is lost."""
    account = advanced(account, now=now)

    def stays(part: Part) -> bool:
        return part.purchase_id != purchase_id or part.at is not None

    return replace(
        account,
        parts=tuple(filter(stays, account.parts)),
        returns=tuple(
            replace(each, parts=tuple(filter(stays, each.parts))) for each in account.returns
        ),
        repeats=tuple(each for each in account.repeats if each.purchase_id != purchase_id),
    )


def _parts(found: list[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(**each) for each in found)


def _next(account: Account) -> int | None:
    times = [part.at for part in account.parts if part.at is not None]
    times += [each.at for each in account.returns]
    times += [each.at for each in account.repeats]
    return min(times, default=None)


def _given(account: Account, part: Part) -> Account:
    """Pay the debt, and keep the rest."""
    paid = min(account.debt, part.amount)
    account, left = replace(account, debt=account.debt - paid), part.amount - paid
    if left == 0:
        return account
    if part.lasts:
        return replace(account, lasting=account.lasting + left)
    others = []
    for other in account.parts:
        if (other.at, other.purchase_id) == (part.at, part.purchase_id):
            left += other.amount
        else:
            others.append(other)
    return replace(account, parts=(*others, replace(part, amount=left)))


def _taken(account: Account, amount: int) -> tuple[Account, tuple[Part, ...]]:
    """Take what is lost first, then what lasts, then a debt; return what was taken of each."""
    kept, taken = list[Part](), list[Part]()
    for part in sorted(account.parts, key=lambda p: (p.at is None, p.at or 0)):
        used = min(part.amount, amount)
        amount -= used
        if used:
            taken.append(replace(part, amount=used))
        if part.amount > used:
            kept.append(replace(part, amount=part.amount - used))
    lasting = min(account.lasting, amount)
    if amount:
        taken.append(Part(amount=amount))
    account = replace(
        account,
        parts=tuple(kept),
        lasting=account.lasting - lasting,
        debt=account.debt + amount - lasting,
    )
    return account, tuple(taken)


def _returned(account: Account, ending: Return) -> Account:
    others = tuple(each for each in account.returns if each is not ending)
    account = replace(account, returns=others)
    for part in ending.parts:
        if part.at is None or part.at > ending.at:
            account = _given(account, part)
    return account


def _repeated(account: Account, repeat: Repeat) -> Account:
    times = repeat.times + 1
    following = after(repeat.since, repeat.interval, times=times)
    others = tuple(each for each in account.repeats if each is not repeat)
    if times <= MOST_REPEATS:
        others = (*others, replace(repeat, times=times, at=following))
    account = replace(account, repeats=others)
    bound = repeat.expiry != "never"
    part = Part(
        amount=repeat.amount,
        at=following if repeat.expiry == "when-repeated" else None,
        purchase_id=repeat.purchase_id if bound else None,
    )
    return _given(account, part)
