"""Addresses and names that try to be more than one recipient, one header or one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keyturn.server.accounts.rules import email_problem
from keyturn.server.mail.message import POLICY, address_of, compose, sender_of
from tests.server.mail.smtp_ import Inbox, smtp
from tests.server.mail.test_sending import ask_for_link, outbox

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess

# What the sign-up form lets through, and a header could take for several addresses.
ODD_ADDRESSES = (
    "a,eve@evil.example", "a;eve@evil.example", "<eve@evil.example", "a<b>eve@evil.example",
    'a"b@evil.example', "a(b)c@evil.example", "a:eve@evil.example", "[a]@evil.example",
    "a\\b@evil.example", "=?utf-8?q?a?=@evil.example", ".a..b.@evil.example", "'a'@evil.example",
    "eve%victim.example@evil.example", "eve!victim@evil.example",
)  # fmt: skip


@pytest.mark.proves("T-14")
def test_an_odd_address_is_one_recipient(start_server: Callable[..., InProcess]) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        for email in ODD_ADDRESSES:
            assert email_problem(email) is None, email
            server.person(email)
            server.clock.advance(601)
            ask_for_link(server, email)
    assert len(inbox.envelopes) + len(outbox(server.settings.data)) == len(ODD_ADDRESSES)
    for envelope, message in zip(inbox.envelopes, inbox.messages, strict=True):
        assert len(envelope.rcpt_tos) == 1
        assert envelope.rcpt_tos[0].endswith("@evil.example")
        assert len(message["To"].addresses) == 1
    arrived = {message["To"].addresses[0].username for message in inbox.messages}
    assert {"a,eve", "a;eve", "<eve", 'a"b'} <= arrived


@pytest.mark.proves("T-14")
@pytest.mark.parametrize("takes_utf8", [True, False])
def test_an_address_in_another_script_arrives_or_is_kept(
    start_server: Callable[..., InProcess], takes_utf8: bool
) -> None:
    inbox = Inbox()
    with smtp(inbox, enable_SMTPUTF8=takes_utf8) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        server.person("ada@bücher.example")
        ask_for_link(server, "ada@BÜCHER.example")
        assert inbox.envelopes.pop().rcpt_tos == ["ada@xn--bcher-kva.example"]
        if takes_utf8:
            server.person("użytkownik@example.com")
            ask_for_link(server, "użytkownik@example.com")
            assert inbox.envelopes.pop().rcpt_tos == ["użytkownik@example.com"]


@pytest.mark.proves("T-14")
def test_a_projects_name_is_one_line_of_one_header(start_server: Callable[..., InProcess]) -> None:
    hostile = "Acme\r\nBcc: eve@evil.example\r\n\r\n<b>\x1b[31m\u202e\x00\u2028" + "x" * 500
    server = start_server(projects=[{"id": "default", "display_name": hostile}])
    server.person("ada@example.com")
    ask_for_link(server)
    [message] = outbox(server.settings.data)
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    subject = message["Subject"]
    assert subject.startswith("Sign in to Acme Bcc: eve@evil.example <b>")
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") for c in subject)
    assert len(subject) <= 200


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(
    local=st.text(min_size=1, max_size=60),
    domain=st.sampled_from(["example.com", "bücher.example", "☃.example", "xn--a.example", "ß.de"]),
    subject=st.text(max_size=300),
)
@example(local='"', domain="example.com", subject="")
@example(local="a\u0301", domain="ß.de", subject="\ud7ff")
def test_whatever_the_form_lets_through_becomes_one_message_for_one_address(
    local: str, domain: str, subject: str
) -> None:
    email = f"{local}@{domain}"
    if email_problem(email) is not None:
        return
    message = compose(
        sender=sender_of("no-reply@id.example"),
        to=address_of(email),
        subject=subject,
        text="text",
        at=datetime(2026, 11, 21, tzinfo=UTC),
        message_id="<x@id.example>",
    )
    raw = message.as_bytes(policy=POLICY)
    head = raw.partition(b"\n\n")[0].decode()
    assert [line.partition(":")[0] for line in head.split("\n") if line[:1] not in (" ", "\t")] == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    ]  # fmt: skip
    read = message_from_bytes(raw, policy=policy.SMTPUTF8)
    assert len(read["To"].addresses) == 1
    assert read["To"].addresses[0].domain == address_of(email).domain
