"""What one mail looks like: who it is from and for, subject and text. Pure.

Addresses reach the headers as parts, never as text, so that a comma, a bracket or a quote in one is
no second recipient; subjects are cleaned, so that a name cannot add a header or turn the line.
"""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from keyturn.protocol.display import printable

if TYPE_CHECKING:
    from datetime import datetime

# What does not fit ASCII stays as it is (RFC 6532); servers that cannot take it say so.
POLICY = EmailPolicy(utf8=True)


def address_of(email: str) -> Address:
    """Return an address of the form ``local@domain``, its domain in ASCII (RFC 5891) if it can be.

    Raises:
        ValueError: there is no such address.
    """
    local, at, domain = email.strip().rpartition("@")
    if not at or not local or not domain:
        raise ValueError("an address needs an @ between two parts")
    return Address(username=local, domain=_ascii(domain))


def sender_of(text: str) -> Address:
    """Return the address of a sender written as ``name@host`` or ``Name <name@host>``.

    Raises:
        ValueError: it is neither.
    """
    name, email = parseaddr(text)
    if not text.isprintable():
        raise ValueError("an address has no control characters")
    found = address_of(email)
    return Address(display_name=name, username=found.username, domain=found.domain)


def compose(
    *,
    sender: Address,
    to: Address,
    subject: str,
    text: str,
    at: datetime,
    message_id: str,
    html: str | None = None,
) -> EmailMessage:
    """Return a message that programs recognise as one that nobody should answer (RFC 3834)."""
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = printable(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
