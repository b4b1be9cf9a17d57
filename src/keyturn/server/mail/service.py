"""Sending mail: by SMTP where that is configured, into the outbox folder where not.

The outbox is for trying Keyturn out and for servers without mail: every message is kept as a file
and its path is logged, so nothing is lost and nothing is pretended.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import secrets
import traceback
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib

from keyturn.server.clock import instant
from keyturn.server.mail.message import POLICY, address_of, compose, sender_of

if TYPE_CHECKING:
    from email.message import EmailMessage

    from keyturn.server.clock import Clock
    from keyturn.server.settings import Settings

log: logging.Logger = logging.getLogger("keyturn.mail")

TIMEOUT_SECONDS = 20
# Between the attempts to reach a server that does not answer.
PAUSES_SECONDS = (1.0, 4.0)
# Work in the background begins once the answer has left, so that it does not slow that down.
BEGIN_AFTER_SECONDS = 0.05

# Of one attempt: taken by the mail server, kept in the outbox folder since there is none, refused
# for good, not taken this time, or never heard of, since nobody can be sent to just now.
Outcome = Literal["sent", "kept", "refused", "deferred", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail with an HTML text, which has the same ``name`` at every attempt to send it."""

    to: str
    subject: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    name: str


class Mail:
    """Hands messages over in the background, so that sending takes as long for nobody."""

    def __init__(
        self, settings: Settings, clock: Clock, *, pauses: Sequence[float] = PAUSES_SECONDS
    ) -> None:
        self._settings, self._clock, self._pauses = settings, clock, pauses
        self._host = urlsplit(settings.issuer).hostname or "localhost"
        self._working: set[asyncio.Task[None]] = set()

    def send_soon(self, *, to: str, subject: str, text: str) -> None:
        """Send without making the caller wait."""
        self.soon(self.send(to=to, subject=subject, text=text))

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what ends in a mail after the answer, which tells by nothing whether there was one."""
        task = asyncio.create_task(_later(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def drain(self, *, seconds: float = TIMEOUT_SECONDS) -> None:
        """Wait for what is being sent, at shutdown; what takes too long goes to the outbox."""
        if not self._working:
            return
        _, slow = await asyncio.wait(self._working, timeout=seconds)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Send one message, or keep it where the operator finds it."""
        message = self._message(to, subject, text)
        if self._settings.smtp_url is None:
            path = await asyncio.to_thread(self._keep, message)
            log.info("no SMTP server is configured; the message is kept in %s", path)
            return
        try:
            sent = await self._sent(message, self._settings.smtp_url.get_secret_value())
        except asyncio.CancelledError:
            log.warning("stopped before a mail was sent; it is kept in %s", self._keep(message))
            raise
        if not sent:
            path = await asyncio.to_thread(self._keep, message)
            log.error("mail could not be sent; the message is kept in %s", path)

    async def attempt(self, letter: Letter) -> Outcome:
        """Try once to hand a letter over; what is not sent is not kept, unless there is no server.

        Raises:
            ValueError: its address is none that a mail can have.
        """
        message = await asyncio.to_thread(self._lettered, letter)
        if self._settings.smtp_url is None:
            await asyncio.to_thread(self._keep, message)
            return "kept"
        try:
            await self._send_by_smtp(message, self._settings.smtp_url.get_secret_value())
        except Exception as error:
            log.warning("a letter was not taken: %s", type(error).__name__)
            return _meaning(error)
        return "sent"

    async def keep(self, letter: Letter) -> None:
        """Put a letter that nobody takes where the operator finds it."""
        path = await asyncio.to_thread(self._keep, self._lettered(letter))
        log.error("mail could not be sent; the message is kept in %s", path)

    def _lettered(self, letter: Letter) -> EmailMessage:
        return self._message(
            letter.to, letter.subject, letter.text, html=letter.html, name=letter.name
        )

    def _message(
        self, to: str, subject: str, text: str, *, html: str | None = None, name: str | None = None
    ) -> EmailMessage:
        return compose(
            sender=sender_of(self._settings.mail_from or f"no-reply@{self._host}"),
            to=address_of(to),
            subject=subject,
            text=text,
            at=instant(self._clock.now_ms()),
            message_id=f"<{name or secrets.token_hex(16)}@{self._host}>",
            html=html,
        )

    async def _sent(self, message: EmailMessage, url: str) -> bool:
        for number, pause in enumerate((*self._pauses, None), 1):
            try:
                await self._send_by_smtp(message, url)
                return True
            except Exception as error:
                # Whatever a server says or a library trips over, the message must not be lost.
                log.warning("mail attempt %d failed: %s", number, type(error).__name__)
            if pause is not None:
                await asyncio.sleep(pause)
        return False

    async def _send_by_smtp(self, message: EmailMessage, url: str) -> None:
        await aiosmtplib.send(
            message,
            sender=message["From"].addresses[0].addr_spec,
            recipients=[message["To"].addresses[0].addr_spec],
            # Without a name of its own the library would look one up, and block.
            local_hostname=_literal(self._host),
            timeout=TIMEOUT_SECONDS,
            **_connection(url),
        )

    def _keep(self, message: EmailMessage) -> Path:
        folder = self._settings.data / "outbox"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{self._clock.now_ms()}-{secrets.token_hex(4)}.eml"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=POLICY))
        return path


async def reach_smtp(url: str, *, seconds: float = 5) -> str:
    """Greet the server of an SMTP URL, sign in where it says so, send nothing; say who answered.

    Raises:
        aiosmtplib.SMTPException, OSError: it cannot be used.
    """
    server = aiosmtplib.SMTP(timeout=seconds, local_hostname="localhost", **_connection(url))
    async with server:
        await server.noop()
    parts = urlsplit(url)
    return f"{parts.hostname} answers by {parts.scheme}"


def _meaning(error: Exception) -> Outcome:
    """Say what a failed attempt means for the letter (RFC 5321 section 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [one.code for one in error.recipients]
    elif isinstance(error, aiosmtplib.SMTPDataError):
        codes = [error.code]
    else:
        return "unreachable"
    return "refused" if all(500 <= code < 600 for code in codes) else "deferred"


def _connection(url: str) -> dict[str, Any]:
    """Return what an SMTP URL says, as the library's parameters."""
    parts = urlsplit(url)
    return {
        "hostname": parts.hostname,
        "port": parts.port,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": parts.scheme == "smtps",
        "start_tls": True if parts.scheme == "smtp+starttls" else None,
    }


async def _later(work: Coroutine[Any, Any, None]) -> None:
    try:
        await asyncio.sleep(BEGIN_AFTER_SECONDS)
    finally:
        # Even a shutdown while this sleeps must not lose the message.
        await _logged(work)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        # Without its message, which may quote an address or a link.
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("A mail failed with %s\n%s", type(error).__name__, frames)


def _literal(host: str) -> str:
    """Return a host as EHLO names it: addresses in brackets (RFC 5321 section 4.1.3)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
