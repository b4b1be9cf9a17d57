"""Mails on the wire: queue one, and say what became of them. For servers and administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.emails.sender import RATE_PER_SECOND
from keyturn.server.emails.service import NewMail, NoSuchRecipient
from keyturn.server.emails.wire import (
    Capacity,
    DeliveryInfo,
    DeliveryStats,
    Recipient,
    SendEmail,
    SendEmailResult,
    SentEmail,
    SentEmailList,
    WindowStats,
)
from keyturn.server.http.body import LARGEST_BODY_WITH_IMAGE
from keyturn.server.notifications import rules as notifications
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row


async def send_email(call: Call[SendEmail, Nothing]) -> Wire:
    """Queue a mail for some users or for all. Templates, drafts and themes: there are none here."""
    body = call.body
    category_id = _category_id(body.notification_category_name)
    html = _html(body)
    mail = NewMail(
        project_id=call.project.id,
        subject=body.subject or f"A message from {call.project.display_name}",
        html=html,
        category_id=category_id,
        urgent=bool(body.is_high_priority),
        user_ids=body.user_ids,
        not_before=body.scheduled_at_millis or 0,
    )
    try:
        user_ids = await call.services.emails.queue(mail)
    except NoSuchRecipient as missing:
        raise errors.user_id_does_not_exist(missing.user_id) from None
    call.services.email_sender.send_soon()
    return SendEmailResult(results=[Recipient(user_id=user_id) for user_id in user_ids])


async def get_delivery_info(call: Call[Nothing, Nothing]) -> Wire:
    """Count a project's mails. Bounced are those whose recipient the mail server refused.

    Nobody reports spam to this server, so that number is always 0.
    """
    found = await call.services.emails.statistics(call.project.id)
    stats = {name: WindowStats(**counts, marked_as_spam=0) for name, counts in found.items()}
    return DeliveryInfo(
        stats=DeliveryStats(**stats),
        capacity=Capacity(
            rate_per_second=RATE_PER_SECOND,
            boost_multiplier=1,
            penalty_factor=1,
            is_boost_active=False,
            boost_expires_at=None,
        ),
    )


async def list_sent_emails(call: Call[Nothing, Nothing]) -> Wire:
    """List a project's 100 newest deliveries and what became of each."""
    found = await call.services.emails.newest(call.project.id)
    return SentEmailList(items=[_sent_email(row, subject) for row, subject in found])


def _category_id(name: str | None) -> str | None:
    if name is None:
        return None
    category = notifications.by_name(name)
    if category is None:
        raise errors.StatusError(400, "There is no notification category with this name")
    return category.id


def _html(body: SendEmail) -> str:
    if body.template_id is not None:
        raise errors.StatusError(400, "There is no template with this template_id")
    if body.draft_id is not None:
        raise errors.StatusError(400, "There is no draft with this draft_id")
    if body.theme_id:
        raise errors.StatusError(400, "There is no theme with this theme_id")
    return body.html or ""


def _sent_email(row: Row, subject: str) -> SentEmail:
    sent = row["status"] == "sent"
    return SentEmail(
        id=row["id"],
        subject=subject,
        sent_at_millis=row["finished_at"] or row["created_at"],
        to=[row["address"]] if row["address"] else [],
        error=None if sent else {"status": row["status"], "reason": row["reason"]},
    )


TAG = "Emails"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/emails/send-email",
        handler=send_email,
        body=SendEmail,
        answers={200: SendEmailResult},
        access=SERVER_ACCESS,
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/emails/delivery-info",
        handler=get_delivery_info,
        answers={200: DeliveryInfo},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/internal/emails",
        handler=list_sent_emails,
        answers={200: SentEmailList},
        access=("admin",),
        tag=TAG,
    ),
)
