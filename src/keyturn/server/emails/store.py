"""What outgoing mail needs from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.storage.base import Row, Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.emails.rules import Status


def add_mail(
    mail_id: str,
    project_id: str,
    *,
    category_id: str | None,
    subject_sealed: bytes,
    html_sealed: bytes,
    now: int,
) -> Work[None]:
    """Keep what a mail says, until its last recipient has it."""
    yield from run(
        "insert_outgoing_mail",
        id=mail_id,
        project_id=project_id,
        category_id=category_id,
        subject_sealed=subject_sealed,
        html_sealed=html_sealed,
        now=now,
    )


def add_recipient(
    mail_id: str, project_id: str, user_id: str, *, urgent: bool, due_at: int, now: int
) -> Work[bool]:
    """Queue a mail for a user; false if the project has no such user."""
    row = yield from first(
        "insert_mail_delivery",
        mail_id=mail_id,
        project_id=project_id,
        user_id=user_id,
        is_urgent=int(urgent),
        due_at=due_at,
        now=now,
    )
    return row is not None


def add_everybody(
    mail_id: str, project_id: str, *, urgent: bool, due_at: int, now: int
) -> Work[list[str]]:
    """Queue a mail for every user of a project; return their ids."""
    rows = yield from every(
        "insert_mail_deliveries_to_all",
        mail_id=mail_id,
        project_id=project_id,
        is_urgent=int(urgent),
        due_at=due_at,
        now=now,
    )
    return [row["user_id"] for row in rows]


def due(*, now: int) -> Work[str | None]:
    """Return the delivery to attempt next, if one is due. Changes nothing."""
    row = yield from first("due_mail_delivery", now=now)
    return row["id"] if row else None


def claim(delivery_id: str, *, now: int, until: int) -> Work[Row | None]:
    """Take a due delivery for oneself until then; ``None`` if somebody else has it."""
    return (yield from first("claim_mail_delivery", id=delivery_id, now=now, until=until))


def mail(mail_id: str) -> Work[Row | None]:
    """Return a mail's row."""
    return (yield from first("outgoing_mail", id=mail_id))


def put_off(delivery_id: str, *, until: int, reason: str) -> Work[None]:
    """Have a delivery attempted later."""
    yield from run("put_off_mail_delivery", id=delivery_id, until=until, reason=reason)


def finish(
    delivery: Row, status: Status, *, reason: str | None, address: str | None, now: int
) -> Work[None]:
    """Note what became of a delivery; with the last one, forget what the mail said."""
    yield from run(
        "finish_mail_delivery",
        id=delivery["id"],
        status=status,
        reason=reason,
        address=address,
        now=now,
    )
    yield from run("forget_mail_content", id=delivery["mail_id"])


def statistics(project_id: str, *, since: dict[str, int]) -> Work[Row]:
    """Return ``sent_`` and ``bounced_`` of each window, given by name and first instant."""
    row = yield from first("mail_statistics", project_id=project_id, **since)
    assert row is not None  # noqa: S101 - an aggregate without groups always has a row
    return row


def newest(project_id: str, *, most: int) -> Work[list[Row]]:
    """Return a project's newest deliveries, with their sealed subjects."""
    return (yield from every("newest_mail_deliveries", project_id=project_id, most=most))
