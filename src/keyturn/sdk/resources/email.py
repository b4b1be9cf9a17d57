"""What became of a project's mails (specification: apps/server-app.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.sdk.values import Members


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDeliveryStats:
    """Mails within some time until now.

    Attributes:
        sent: Taken by the mail server.
        bounced: Given back, because nobody has that address.
        marked_as_spam: Complained about.
    """

    sent: int
    bounced: int
    marked_as_spam: int

    @classmethod
    def read(cls, answer: Members) -> EmailDeliveryStats:
        """Read the numbers off an answer."""
        return cls(
            sent=answer.integer("sent"),
            bounced=answer.integer("bounced"),
            marked_as_spam=answer.integer("marked_as_spam"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailCapacity:
    """How fast mails leave.

    Attributes:
        rate_per_second: How many at most.
        boost_multiplier: By how much a boost makes that more.
        penalty_factor: By how much complaints make that less.
        is_boost_active: Whether a boost runs.
        boost_expires_at: Until when.
    """

    rate_per_second: float
    boost_multiplier: float
    penalty_factor: float
    is_boost_active: bool
    boost_expires_at: datetime | None

    @classmethod
    def read(cls, answer: Members) -> EmailCapacity:
        """Read the numbers off an answer."""
        return cls(
            rate_per_second=answer.number("rate_per_second"),
            boost_multiplier=answer.number("boost_multiplier"),
            penalty_factor=answer.number("penalty_factor"),
            is_boost_active=answer.flag("is_boost_active"),
            boost_expires_at=answer.moment_or_none("boost_expires_at"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDeliveryInfo:
    """A project's mails of the last hour, 24 hours, 7 days and 30 days, and how fast they leave."""

    hour: EmailDeliveryStats
    day: EmailDeliveryStats
    week: EmailDeliveryStats
    month: EmailDeliveryStats
    capacity: EmailCapacity

    @classmethod
    def read(cls, answer: Members) -> EmailDeliveryInfo:
        """Read it off an answer."""
        stats = answer.members("stats")
        return cls(
            hour=EmailDeliveryStats.read(stats.members("hour")),
            day=EmailDeliveryStats.read(stats.members("day")),
            week=EmailDeliveryStats.read(stats.members("week")),
            month=EmailDeliveryStats.read(stats.members("month")),
            capacity=EmailCapacity.read(answer.members("capacity")),
        )
