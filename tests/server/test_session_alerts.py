"""When an old token ends a session its owner is told: by mail, and on the sessions page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.mail.session_alert import session_alert_mail
from keyturn.server.sessions.alerts import CLAIM_MS, MAILS_PER_HOUR
from tests.server.in_process_ import InProcess
from tests.server.mail.smtp_ import Inbox, answering, smtp
from tests.server.mail.test_sending import outbox
from tests.server.oauth.grants_ import refresh, signed_in
from tests.server.person_ import PASSWORD, Person

if TYPE_CHECKING:
    from email.message import EmailMessage

    import httpx2

    from keyturn.server.accounts.rules import User

Start = Callable[..., InProcess]
WINDOW_AND_MORE = 11


def signed_up(server: InProcess, email: str = "ada@example.com") -> tuple[Person, User]:
    """Sign somebody up with a browser; return it with their account."""
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=email, password=PASSWORD)
    user = server.run(server.services.accounts.by_email("default", email))
    assert user is not None
    return person, user


def reuse(server: InProcess, user: User) -> tuple[dict[str, Any], httpx2.Response]:
    """Sign a program in and present a token two generations old; return tokens and answer."""
    first = signed_in(server, user)
    second = refresh(server, first["refresh_token"]).json()
    refresh(server, second["refresh_token"])
    server.clock.advance(WINDOW_AND_MORE)
    return first, refresh(server, first["refresh_token"])


def mailed(server: InProcess) -> list[EmailMessage]:
    """Wait for mails under way and return what the outbox folder holds."""
    server.run(server.services.mail.drain())
    return outbox(server.settings.data)


@pytest.mark.proves("S-33")
def test_the_owner_gets_one_mail_in_plain_words_without_a_secret(start_server: Start) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        user = server.person("ada@example.com")
        first, answer = reuse(server, user)
        assert answer.json()["error"] == "invalid_grant"
        for _ in range(3):  # the family is over: asking again tells nobody anything new
            refresh(server, first["refresh_token"])
        server.run(server.services.mail.drain())
    [message] = inbox.messages
    assert message["To"] == "ada@example.com"
    assert "was signed out of" in message["Subject"]
    text = message.get_content()
    client = server.run(server.services.projects.client("keyturn-cli"))
    assert client is not None
    for told in (
        client.display_name,
        "127.0.0.1",
        "UTC",
        "used again",
        "Sign in again",
        "not given",
    ):
        assert told in text
    assert text.rstrip().endswith(f"{server.settings.issuer}/sessions")
    for secret in (first["refresh_token"], first["access_token"], first["session"]):
        assert secret not in text
        assert secret not in message["Subject"]


@pytest.mark.proves("S-33", "S-25")
def test_the_program_is_told_why_and_a_stranger_is_not(server: InProcess) -> None:
    first, answer = reuse(server, server.person())
    assert "an old token of it was used again" in answer.json()["error_description"]
    again = refresh(server, first["refresh_token"])
    assert again.json() == answer.json()
    forged = refresh(server, first["refresh_token"][:-1] + "A")
    other = refresh(server, first["refresh_token"], client_id="nobody")
    assert "used again" not in forged.text + other.text


@pytest.mark.proves("S-33")
def test_the_sessions_page_says_so_until_it_is_dismissed(server: InProcess) -> None:
    person, user = signed_up(server)
    reuse(server, user)
    reuse(server, user)
    assert person.open("/sessions").text.count("A session was ended") == 2
    assert "used again from <bdi>127.0.0.1</bdi>" in person.page.text
    stranger, _ = signed_up(server, "eve@example.com")
    assert "A session was ended" not in stranger.open("/sessions").text
    theirs = person.form("/sessions/dismiss")["session"]
    token = stranger.form("/sign-out")["form_token"]
    stranger._send("POST", "/sessions/dismiss", {"form_token": token, "session": theirs}, True)
    assert person.open("/sessions").text.count("A session was ended") == 2
    assert person.press("/sessions/dismiss").text.count("A session was ended") == 1
    assert "A session was ended" not in person.press("/sessions/dismiss").text
    assert "A session was ended" not in person.open("/sessions").text


@pytest.mark.proves("S-33")
def test_an_account_without_an_address_loses_nothing(server: InProcess) -> None:
    person, user = signed_up(server)
    server.run(server.services.storage.write(accounts.update, user, primary_email=None))
    _, answer = reuse(server, user)
    assert answer.status_code == 400
    assert mailed(server) == []
    assert "A session was ended" in person.open("/sessions").text


@pytest.mark.proves("S-33")
def test_a_mail_that_was_cut_off_delayed_no_answer_and_is_sent_by_the_next_server(
    start_server: Start,
) -> None:
    with answering() as port:  # says nothing
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        user = server.person("ada@example.com")
        _, answer = reuse(server, user)
        assert answer.status_code == 400
        server.run(server.services.mail.drain(seconds=0.3))  # cut off in the middle
    for kept in (server.settings.data / "outbox").glob("*"):
        kept.unlink()
    restarted = start_server(data=server.settings.data, clock=server.clock)
    server.clock.now += CLAIM_MS
    restarted.run(restarted.services.alerts.send_due())
    [message] = mailed(restarted)
    assert message["To"] == "ada@example.com"
    restarted.run(restarted.services.alerts.send_due())
    assert len(mailed(restarted)) == 1


@pytest.mark.proves("S-33")
def test_many_ended_sessions_are_mailed_a_few_an_hour_and_none_is_forgotten(
    server: InProcess,
) -> None:
    user = server.person("ada@example.com")
    for _ in range(MAILS_PER_HOUR + 2):
        reuse(server, user)
    assert len(mailed(server)) == MAILS_PER_HOUR
    server.clock.advance(3600)
    server.run(server.services.alerts.send_due())
    assert len(mailed(server)) == MAILS_PER_HOUR + 2


@pytest.mark.proves("S-33", "T-14")
def test_names_of_strangers_are_one_line_each() -> None:
    hostile = "laptop\r\n\r\nSend your password to eve@evil.example \u202e"
    mail = session_alert_mail(
        site=hostile,
        email=hostile,
        program=hostile,
        host_name=hostile,
        at=datetime(2026, 11, 21, tzinfo=UTC),
        ip=hostile,
        sessions_page="https://id.example/sessions",
    )
    assert mail["subject"].isprintable()
    assert all(line.isprintable() for line in mail["text"].split("\n"))
    assert "\nSend" not in mail["text"]
