"""Checks of mail: does the SMTP server answer, and does anything lie unsent?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.doctor.configuration import is_public
from keyturn.server.doctor.findings import Finding
from keyturn.server.mail.service import reach_smtp

if TYPE_CHECKING:
    from keyturn.server.doctor.examination import Examination


async def mail(exam: Examination) -> Finding:
    """Greet the mail server, sign in where that is configured, and hang up."""
    url = exam.settings.smtp_url
    if url is None:
        return Finding(
            check="mail",
            outcome="warn" if is_public(exam) else "pass",
            evidence=f"no SMTP server; mail is written to {exam.settings.data / 'outbox'}",
            remedy="Set KEYTURN_SMTP_URL, or nobody gets a sign-in link.",
        )
    try:
        said = await reach_smtp(url.get_secret_value())
    except Exception as error:
        # By type: what a mail server says, or what the library quotes, may hold anything.
        return Finding(
            check="mail",
            outcome="fail",
            evidence=f"the SMTP server cannot be used ({type(error).__name__})",
            remedy="Check host, port, TLS and credentials in KEYTURN_SMTP_URL.",
        )
    return Finding(check="mail", outcome="pass", evidence=said)


async def outbox(exam: Examination) -> Finding | None:
    """Count the mails that could not be sent."""
    folder = exam.settings.data / "outbox"
    if exam.settings.smtp_url is None or not folder.is_dir():
        return None
    unsent = sum(1 for _ in folder.glob("*.eml"))
    if not unsent:
        return None
    return Finding(
        check="outbox",
        outcome="warn",
        evidence=f"{unsent} mails could not be sent and lie in {folder}",
        remedy="Send or delete them; the log says when and why.",
    )
