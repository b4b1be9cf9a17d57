"""Sending mail: by SMTP where that is configured, into the outbox folder where not.

The outbox is for trying Keyturn out and for servers without mail: every message is kept as a file
and its path is logged, so nothing is lost and nothing is pretended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import aiosmtplib

from keyturn.server.clock import instant

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.settings import Settings

log = logging.getLogger("keyturn.mail")

TIMEOUT_SECONDS = 20
ATTEMPTS = 3


class Mail:
    """Hands messages over in the background, so that sending takes as long for nobody."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._sending: set[asyncio.Task[None]] = set()

    def send_soon(self, *, to: str, subject: str, text: str) -> None:
        """Send without making the caller wait, or tell by waiting whether there was a mail."""
        task = asyncio.create_task(self._send(self._message(to, subject, text)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def drain(self) -> None:
        """Wait for what is being sent, at shutdown."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=TIMEOUT_SECONDS)

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        host = urlsplit(self._settings.issuer).hostname or "localhost"
        message = EmailMessage()
        message["From"] = self._settings.mail_from or f"no-reply@{host}"
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(instant(self._clock.now_ms()))
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{host}>"
        message.set_content(text)
        return message

    async def _send(self, message: EmailMessage) -> None:
        if self._settings.smtp_url is None:
            path = await asyncio.to_thread(self._write_to_outbox, message)
            log.info("no SMTP server is configured; the message is kept in %s", path)
            return
        for attempt in range(ATTEMPTS):
            try:
                await self._send_by_smtp(message, self._settings.smtp_url.get_secret_value())
                return
            except (aiosmtplib.SMTPException, OSError) as error:
                log.warning("mail attempt %d failed: %s", attempt + 1, type(error).__name__)
                await asyncio.sleep(2**attempt)
        path = await asyncio.to_thread(self._write_to_outbox, message)
        log.error("mail could not be sent; the message is kept in %s", path)

    async def _send_by_smtp(self, message: EmailMessage, url: str) -> None:
        parts = urlsplit(url)
        await aiosmtplib.send(
            message,
            hostname=parts.hostname,
            port=parts.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=True if parts.scheme == "smtp+starttls" else None,
            timeout=TIMEOUT_SECONDS,
        )

    def _write_to_outbox(self, message: EmailMessage) -> Path:
        folder = self._settings.data / "outbox"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{self._clock.now_ms()}-{secrets.token_hex(4)}.eml"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())
        return path
