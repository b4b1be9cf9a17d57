"""Sign-in links through real SMTP servers, and what happens when one is missing or down."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import stat
import warnings
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from keyturn.server.mail.service import Mail
from keyturn.server.settings import Settings, SettingsProblem, load
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.mail.smtp_ import PASSWORD, USER, Inbox, answering, certificate, smtp
from tests.server.person_ import Person

if TYPE_CHECKING:
    from email.message import EmailMessage

Start = Callable[..., InProcess]
CREDENTIALS = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


def ask_for_link(server: InProcess, email: str = "ada@example.com") -> Person:
    person = Person(server)
    person.open("/sign-in")
    person.press("/sign-in", instead="/sign-in/link", email=email)
    assert "Check your email" in person.page.text
    server.run(server.services.mail.drain())
    return person


def link_in(message: EmailMessage) -> str:
    found = re.search(r"https?://\S+", message.get_content())
    assert found is not None
    return found[0].removeprefix(BASE_URL)


def outbox(data: Path) -> list[EmailMessage]:
    folder = data / "outbox"
    files = sorted(folder.iterdir()) if folder.exists() else []
    return [message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]


def test_a_link_goes_through_smtp_and_signs_in(start_server: Start) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}", mail_from="Acme <id@acme.dev>")
        server.person("ada@example.com")
        person = ask_for_link(server)
        assert ask_for_link(server, "nobody@example.com").page.status_code == 200
    [envelope], [message] = inbox.envelopes, inbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("id@acme.dev", ["ada@example.com"])
    assert (message["From"], message["To"]) == ("Acme <id@acme.dev>", "ada@example.com")
    assert message["Subject"].startswith("Sign in to ")
    assert inbox.encrypted == [False]
    assert message["Auto-Submitted"] == "auto-generated"
    assert outbox(server.settings.data) == []
    person.open(link_in(message))
    person.press("/sign-in/link/finish")
    assert "Sessions" in person.page.text


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_mail_is_encrypted_and_signed_in_for(
    start_server: Start, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    inbox = Inbox()
    options: dict[str, Any] = {"authenticator": inbox.authenticate, "auth_required": True}
    if scheme == "smtps":
        # The server does not see the TLS beneath it, and would refuse to ask for a password.
        warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
        options |= {"ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    with smtp(inbox, **options) as port:
        server = start_server(smtp_url=f"{scheme}://{CREDENTIALS}127.0.0.1:{port}")
        server.person("ada@example.com")
        ask_for_link(server)
    assert [e.rcpt_tos for e in inbox.envelopes] == [["ada@example.com"]]
    assert inbox.logins == [(USER.encode(), PASSWORD.encode())]
    assert inbox.encrypted == [True]


def test_without_a_server_mail_is_kept_privately_and_its_path_is_logged(
    server: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    server.person("ada@example.com")
    with caplog.at_level(logging.INFO, "keyturn.mail"):
        ask_for_link(server)
    [message] = outbox(server.settings.data)
    assert message["To"] == "ada@example.com"
    [file] = (server.settings.data / "outbox").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert str(file) in caplog.text
    assert "ada@" not in caplog.text
    assert "ktm_" not in caplog.text


def mail_to(url: str, data: Path) -> Mail:
    settings = Settings.model_validate({"data": data, "base_url": BASE_URL, "smtp_url": url})
    data.mkdir(exist_ok=True)
    return Mail(settings, SetClock(), pauses=(0.01, 0.01))


def send_one(mail: Mail) -> None:
    async def send() -> None:
        mail.send_soon(to="ada@example.com", subject="Sign in", text="https://x/?token=ktm_secret")
        await mail.drain()

    asyncio.run(send())


EHLO, IN = b"250-mail.test\r\n250 AUTH PLAIN\r\n", b"235 in\r\n"


@pytest.mark.proves("T-9")
@pytest.mark.parametrize(
    "lines",
    [
        [b"421 closing\r\n"],
        [b"554 no\r\n"],
        [b"garbage\r\n"],
        [b"220 hello\r\n", b"500 what\r\n", b"500 what\r\n"],
        [b"220 hello\r\n", EHLO, b"535 not that password\r\n"],
        [b"220 hello\r\n", EHLO, IN, b"550 ktm_secret is spam\r\n"],
        [b"220 hello\r\n", EHLO, IN, b"250 ok\r\n", b"550 nobody of that name\r\n"],
        [b"220 hello\r\n", EHLO, IN, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"451 x\r\n"],
        [b"220 hello\r\n", EHLO, IN, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"],
        [b"220 " + b"x" * 100_000 + b"\r\n"],
        [b"\xff\xfe\x00\r\n"],
    ],
)  # fmt: skip
def test_a_server_that_refuses_or_babbles_loses_no_mail_and_puts_nothing_into_the_log(
    lines: list[bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(*lines) as port, caplog.at_level(logging.INFO, "keyturn.mail"):
        send_one(mail_to(f"smtp://{CREDENTIALS}127.0.0.1:{port}", tmp_path))
    [kept] = outbox(tmp_path)
    assert "ktm_secret" in kept.get_content()
    assert caplog.text.count("mail attempt") == 3
    assert str(tmp_path / "outbox") in caplog.text
    for secret in ("ktm_secret", "ada@", PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in caplog.text


def test_a_server_that_is_down_keeps_nobody_waiting(
    start_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
    server.person("ada@example.com")
    person = Person(server)
    person.open("/sign-in")
    person.press("/sign-in", instead="/sign-in/link", email="ada@example.com")
    assert "Check your email" in person.page.text
    server.run(server.services.mail.drain(seconds=0.3))
    [kept] = outbox(server.settings.data)
    person.open(link_in(kept))
    assert "ada@example.com" in person.page.text
    assert "stopped before a mail was sent" in caplog.text


def test_a_certificate_that_nobody_trusts_gets_no_mail(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    inbox = Inbox()
    with smtp(inbox, ssl_context=context) as port:
        send_one(mail_to(f"smtps://127.0.0.1:{port}", tmp_path / "data"))
    assert inbox.envelopes == []
    assert len(outbox(tmp_path / "data")) == 1


def test_a_server_without_starttls_gets_no_mail_where_it_was_asked_for(tmp_path: Path) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        send_one(mail_to(f"smtp+starttls://127.0.0.1:{port}", tmp_path))
    assert inbox.envelopes == []
    assert len(outbox(tmp_path)) == 1


def test_a_shutdown_in_the_middle_keeps_the_message(tmp_path: Path) -> None:
    async def stop_early(mail: Mail) -> None:
        mail.send_soon(to="ada@example.com", subject="Sign in", text="text")
        await asyncio.sleep(0.2)
        await mail.drain(seconds=0)

    with answering() as port:
        asyncio.run(stop_early(mail_to(f"smtp://127.0.0.1:{port}", tmp_path)))
    assert len(outbox(tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "mail.example.com:25"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://:25"),
        ("SMTP_URL", "smtp://mail.example.com:70000"),
        ("MAIL_FROM", "acme"),
        ("MAIL_FROM", "a@b\r\nBcc: c@d"),
        ("MAIL_FROM", "@acme.dev"),
    ],
)
def test_a_mistaken_setting_is_named_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsProblem, match=name.lower()) as found:
        load(environ={f"KEYTURN_{name}": value})
    assert value not in str(found.value)
