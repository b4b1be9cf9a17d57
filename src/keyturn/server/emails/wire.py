"""The JSON of mails."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from keyturn.server.stack.endpoint import Wire

MOST_RECIPIENTS = 1000
_CONTENTS = ("html", "template_id", "draft_id")


class SendEmail(Wire):
    """A mail: what it says, and whom it is for."""

    user_ids: Annotated[list[str], Field(max_length=MOST_RECIPIENTS)] | None = None
    all_users: Literal[True] | None = None
    subject: Annotated[str, Field(max_length=1000)] | None = None
    notification_category_name: str | None = None
    theme_id: str | Literal[False] | None = None
    is_high_priority: bool | None = None
    scheduled_at_millis: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    html: str | None = None
    template_id: str | None = None
    variables: dict[str, str] | None = None
    draft_id: str | None = None

    @model_validator(mode="after")
    def _says_one_thing_to_one_audience(self) -> SendEmail:
        if (self.user_ids is None) == (self.all_users is None):
            raise ValueError("Exactly one of user_ids or all_users must be provided")
        if sum(getattr(self, name) is not None for name in _CONTENTS) != 1:
            raise ValueError("Exactly one of html, template_id or draft_id must be provided")
        if self.variables is not None and self.template_id is None:
            raise ValueError("variables are for templates only")
        return self


class Recipient(Wire):
    """Somebody a mail was queued for."""

    user_id: str


class SendEmailResult(Wire):
    """Everybody a mail was queued for."""

    results: list[Recipient]


class WindowStats(Wire):
    """What became of mails within some time until now."""

    sent: int
    bounced: int
    marked_as_spam: int


class DeliveryStats(Wire):
    """The last hour, 24 hours, 7 days and 30 days."""

    hour: WindowStats
    day: WindowStats
    week: WindowStats
    month: WindowStats


class Capacity(Wire):
    """How fast mails leave. There is no boost here, and no penalty."""

    rate_per_second: float
    boost_multiplier: float
    penalty_factor: float
    is_boost_active: bool
    boost_expires_at: str | None


class DeliveryInfo(Wire):
    """What became of a project's mails, and how fast they leave."""

    stats: DeliveryStats
    capacity: Capacity


class SentEmail(Wire):
    """One delivery. ``error`` is ``null`` once the mail server has taken it."""

    id: str
    subject: str
    sent_at_millis: int
    to: list[str]
    error: dict[str, Any] | None


class SentEmailList(Wire):
    """The newest deliveries."""

    items: list[SentEmail]
    is_paginated: bool = False
