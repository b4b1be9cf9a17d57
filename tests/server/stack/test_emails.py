"""Mails that a project's server asks for: queued durably, sent, and honestly accounted for."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from keyturn.server.cleanup.sweeper import Sweeper
from keyturn.server.emails import store
from keyturn.server.emails.rules import PAUSES_MS
from keyturn.server.emails.sender import CLAIM_MS, Sender
from keyturn.server.notifications.rules import MARKETING
from tests.server.in_process_ import InProcess
from tests.server.mail.smtp_ import Inbox, answering, smtp
from tests.server.mail.test_sending import outbox
from tests.server.stack.api_ import Api, code_of

if TYPE_CHECKING:
    from email.message import EmailMessage

Start = Callable[..., InProcess]
HTML = "<h1>Hello</h1><p>Come <a href='https://acme.dev/x'>in</a>.</p>"
EHLO = b"250 mail.test\r\n"


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project of a server without a mail server, which sends when it is told to."""
    return by_hand(server)


def by_hand(server: InProcess) -> Api:
    server.run(server.services.email_sender.stop())
    return Api.create(server)


def started(start: Start, port: int) -> Api:
    return by_hand(start(smtp_url=f"smtp://127.0.0.1:{port}", mail_from="id@acme.dev"))


def send(api: Api, **body: Any) -> Any:
    return api.post("/emails/send-email", api.secret, json={"html": HTML, "subject": "Hi"} | body)


def deliver(api: Api) -> None:
    """Work the queue off, as the server does in the background."""
    api.server.run(api.server.services.email_sender.send_due())


def outcomes(api: Api) -> list[tuple[str, str | None]]:
    items = api.get("/internal/emails", api.admin).json()["items"]
    errors = [item["error"] or {"status": "sent", "reason": None} for item in items]
    return [(error["status"], error["reason"]) for error in errors]


def stats(api: Api) -> dict[str, tuple[int, int]]:
    found = api.get("/emails/delivery-info", api.secret).json()["stats"]
    return {window: (one["sent"], one["bounced"]) for window, one in found.items()}


def parts(message: EmailMessage) -> tuple[str, str]:
    texts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return texts[0], texts[1]


def test_a_mail_goes_to_each_user_by_smtp_in_both_forms(start_server: Start) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        api = started(start_server, port)
        ada, bob = api.person(), api.person()
        answer = send(api, user_ids=[ada.user_id, bob.user_id, ada.user_id])
        assert answer.json() == {"results": [{"user_id": ada.user_id}, {"user_id": bob.user_id}]}
        deliver(api)
        deliver(api)
    assert len(inbox.messages) == 2
    assert len({message["Message-ID"] for message in inbox.messages}) == 2
    message = inbox.messages[0]
    assert (message["Subject"], message["From"]) == ("Hi", "id@acme.dev")
    text, html = (part.replace("\r\n", "\n") for part in parts(message))
    assert text.strip() == "Hello\n\nCome in (https://acme.dev/x)."
    assert html.strip() == HTML
    assert outcomes(api) == [("sent", None)] * 2
    assert stats(api) == dict.fromkeys(("hour", "day", "week", "month"), (2, 0))


def test_numbers_leave_their_window_with_time(start_server: Start) -> None:
    with smtp(Inbox()) as port:
        api = started(start_server, port)
        send(api, user_ids=[api.person().user_id])
        deliver(api)
    api.server.clock.advance(2 * 24 * 3600)
    assert stats(api) == {"hour": (0, 0), "day": (0, 0), "week": (1, 0), "month": (1, 0)}
    api.server.clock.advance(40 * 24 * 3600)
    assert outcomes(api) == [("sent", None)]
    api.server.run(Sweeper(api.server.services.storage, api.server.clock).sweep())
    assert outcomes(api) == []


def test_all_users_are_those_of_the_project(api: Api, server: InProcess) -> None:
    ids = {api.person().user_id for _ in range(3)}
    Api.create(server).person()
    answer = api.post("/emails/send-email", api.secret, json={"html": HTML, "all_users": True})
    assert {result["user_id"] for result in answer.json()["results"]} == ids
    deliver(api)
    messages = outbox(server.settings.data)
    assert [message["Subject"] for message in messages] == ["A message from Engines"] * 3


def test_without_a_mail_server_the_record_says_kept_and_not_sent(api: Api) -> None:
    send(api, user_ids=[api.person().user_id])
    assert outcomes(api) == [("queued", None)]
    deliver(api)
    assert outcomes(api) == [("kept", None)]
    assert stats(api)["hour"] == (0, 0)
    assert len(outbox(api.server.settings.data)) == 1


def test_who_turned_it_off_or_has_no_address_gets_nothing(api: Api) -> None:
    ada, guest, gone = api.person(), api.guest(), api.person()
    path = f"/emails/notification-preference/me/{MARKETING.id}"
    api.send("PATCH", path, ada.headers, json={"enabled": False})
    send(
        api,
        user_ids=[ada.user_id, guest.user_id, gone.user_id],
        notification_category_name="Marketing",
    )
    api.send("DELETE", f"/users/{gone.user_id}", api.secret)
    deliver(api)
    assert sorted(outcomes(api)) == [
        ("skipped", "NO_EMAIL_PROVIDED"),
        ("skipped", "USER_ACCOUNT_DELETED"),
        ("skipped", "USER_UNSUBSCRIBED"),
    ]
    assert outbox(api.server.settings.data) == []


def test_a_mail_for_later_waits_until_then(api: Api) -> None:
    later = api.server.clock.now + 3_600_000
    send(api, user_ids=[api.person().user_id], scheduled_at_millis=later)
    deliver(api)
    assert outcomes(api) == [("queued", None)]
    api.server.clock.advance(3600)
    deliver(api)
    assert outcomes(api) == [("kept", None)]


def test_an_urgent_mail_overtakes(start_server: Start) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        api = started(start_server, port)
        person = api.person()

        for subject, urgent in (("slow", False), ("fast", True)):
            send(api, user_ids=[person.user_id], subject=subject, is_high_priority=urgent)
        deliver(api)
    assert [message["Subject"] for message in inbox.messages] == ["fast", "slow"]


def test_a_refused_recipient_is_a_bounce_and_not_tried_again(start_server: Start) -> None:
    lines = [b"220 hi\r\n", EHLO, b"250 ok\r\n", b"550 nobody of that name\r\n", b"250 ok\r\n"]
    with answering(*lines) as port:
        api = started(start_server, port)
        send(api, user_ids=[api.person().user_id])
        deliver(api)
        assert outcomes(api) == [("bounced", None)]
    assert stats(api)["hour"] == (0, 1)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        (b"554 spam\r\n", [("bounced", None)] * 2),
        (b"451 later\r\n", [("queued", "SERVER_DEFERRED")] * 2),
    ],
)
def test_a_mail_that_is_not_taken_holds_up_no_other(
    start_server: Start, word: bytes, outcome: list[tuple[str, str]]
) -> None:
    lines = [b"220 hi\r\n", EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", word, b"250 ok\r\n"]
    with answering(*lines) as port:
        api = started(start_server, port)
        send(api, user_ids=[api.person().user_id, api.person().user_id])
        deliver(api)
        assert outcomes(api) == outcome


def test_a_mail_over_which_every_sender_dies_is_given_up(api: Api) -> None:
    send(api, user_ids=[api.person().user_id])
    storage, clock = api.server.services.storage, api.server.clock
    for _ in range(12):
        delivery_id = api.server.run(storage.read(store.due, now=clock.now))
        assert delivery_id is not None
        api.server.run(
            storage.write(store.claim, delivery_id, now=clock.now, until=clock.now + CLAIM_MS)
        )
        clock.advance(CLAIM_MS / 1000)
    deliver(api)
    assert outcomes(api) == [("failed", "GAVE_UP")]


def test_a_mail_server_that_is_down_is_tried_again_later_and_given_up_at_last(
    start_server: Start,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    api = started(start_server, port)
    send(api, user_ids=[api.person().user_id])
    for pause in PAUSES_MS:
        deliver(api)
        deliver(api)
        assert outcomes(api) == [("queued", "SERVER_UNREACHABLE")]
        api.server.clock.advance(pause / 1000)
    deliver(api)
    assert outcomes(api) == [("failed", "GAVE_UP")]
    assert len(outbox(api.server.settings.data)) == 1


def test_what_a_server_left_is_sent_by_the_next_under_the_same_name(start_server: Start) -> None:
    inbox = Inbox()
    with answering() as silent:
        api = started(start_server, silent)
        send(api, user_ids=[api.person().user_id])
        services = api.server.services
        # Cut off while the mail server says nothing, as a killed process is.
        with pytest.raises(TimeoutError):
            api.server.run(within(services.email_sender.send_due(), 0.3))
    assert outcomes(api) == [("queued", None)]
    api.server.clock.advance(CLAIM_MS / 1000 + 1)
    with smtp(inbox) as port:
        url = f"smtp://127.0.0.1:{port}"
        with closing(
            InProcess(api.server.settings.data, clock=api.server.clock, smtp_url=url)
        ) as other:
            other.run(other.services.email_sender.send_due())
    assert len(inbox.messages) == 1
    assert outcomes(api) == [("sent", None)]


async def within(work: Coroutine[Any, Any, None], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await work


def test_of_many_senders_at_one_queue_each_mail_is_sent_by_one(start_server: Start) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        api = started(start_server, port)
        services = api.server.services
        send(api, user_ids=[api.person().user_id for _ in range(6)])
        senders = [
            Sender(services.storage, services.clock, services.emails, services.mail)
            for _ in range(4)
        ]

        async def together() -> None:
            await asyncio.gather(*(sender.send_due() for sender in senders))

        api.server.run(together())
    recipients = [envelope.rcpt_tos[0] for envelope in inbox.envelopes]
    assert len(recipients) == len(set(recipients)) == 6


def test_the_server_sends_by_itself_once_it_has_answered(start_server: Start) -> None:
    class Told(Inbox):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            arrived.set()
            return await super().handle_DATA(server, session, envelope)

    arrived = threading.Event()
    with smtp(Told()) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        api = Api.create(server)
        send(api, user_ids=[api.person().user_id])
        assert server.run(asyncio.to_thread(arrived.wait, 10))


@pytest.mark.proves("T-9")
def test_what_a_mail_says_is_sealed_while_it_waits_and_gone_afterwards(api: Api) -> None:
    send(api, user_ids=[api.person().user_id], html="secret link", subject="secret subject")
    storage = api.server.services.storage
    [row] = api.server.run(storage.read(store.newest, api.project.id, most=10))
    mail = api.server.run(storage.read(store.mail, row["mail_id"]))
    assert mail is not None
    assert b"secret" not in bytes(mail["html_sealed"]) + bytes(mail["subject_sealed"])
    deliver(api)
    mail = api.server.run(storage.read(store.mail, row["mail_id"]))
    assert mail is not None
    assert mail["html_sealed"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"html": "x"},
        {"html": "x", "user_ids": [], "all_users": True},
        {"user_ids": []},
        {"user_ids": [], "html": "x", "draft_id": "y"},
        {"user_ids": [], "html": "x", "variables": {}},
        {"all_users": False, "html": "x"},
    ],
)
def test_a_mail_says_one_thing_to_one_audience(api: Api, body: dict[str, Any]) -> None:
    answer = api.post("/emails/send-email", api.secret, json=body)
    assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        {"template_id": str(uuid4()), "html": None},
        {"draft_id": "d", "html": None},
        {"theme_id": str(uuid4())},
        {"notification_category_name": "Rumours"},
    ],
)
def test_templates_drafts_and_themes_that_are_not_there_are_said_in_words(
    api: Api, body: dict[str, Any]
) -> None:
    answer = send(api, user_ids=[], **body)
    assert (answer.status_code, code_of(answer)) == (400, None)
    assert send(api, user_ids=[], theme_id=False).json() == {"results": []}


def test_if_one_user_is_not_there_nobody_gets_the_mail(api: Api) -> None:
    missing = str(uuid4())
    answer = send(api, user_ids=[api.person().user_id, missing])
    assert (answer.status_code, code_of(answer)) == (400, "USER_ID_DOES_NOT_EXIST")
    assert answer.json()["details"] == {"user_id": missing}
    assert outcomes(api) == []


def test_only_servers_send_and_count_and_only_administrators_read(api: Api) -> None:
    person = api.person()
    refused = api.post("/emails/send-email", person.headers, json={"html": "x", "all_users": True})
    assert code_of(refused) == "INSUFFICIENT_ACCESS_TYPE"
    assert code_of(api.get("/emails/delivery-info")) == "INSUFFICIENT_ACCESS_TYPE"
    assert code_of(api.get("/internal/emails", api.secret)) == "INSUFFICIENT_ACCESS_TYPE"
    assert api.post("/emails/capacity-boost", api.secret).status_code == 501
