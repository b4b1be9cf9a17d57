"""Proving an address: a mailed link, which works once, for whoever still has the address."""

import asyncio
from typing import Any

import httpx2
import pytest

from keyturn.server.contact_channels.service import VERIFICATION_MINUTES
from keyturn.server.one_time.service import LENGTH
from tests.server.in_process_ import InProcess, SetClock
from tests.server.mail.smtp_ import Inbox, smtp
from tests.server.stack.api_ import Api, SignedIn, code_of
from tests.server.stack.mailbox_ import CALLBACK, Mailbox, code_in, link_in

VERIFY = "/contact-channels/verify"
CHECK = "/contact-channels/verify/check-code"
ADDRESS = "ada@work.example"


@pytest.fixture
def ada(api: Api) -> SignedIn:
    """Return somebody whose primary address is verified, and whose other one is not."""
    user = api.server.person("ada@example.com", project_id=api.project.id)
    who = api.session_of(user.id)
    channel(api, who)
    return who


def channel(api: Api, who: SignedIn, value: str = ADDRESS) -> None:
    body = {"user_id": "me", "value": value, "type": "email", "used_for_auth": False}
    assert api.post("/contact-channels", who.headers, json=body).status_code == 201


def newest(api: Api, who: SignedIn) -> dict[str, Any]:
    found = api.get("/contact-channels?user_id=me", who.headers).json()["items"]
    last: dict[str, Any] = found[-1]
    return last


def ask(api: Api, who: SignedIn, url: str = CALLBACK) -> httpx2.Response:
    path = f"/contact-channels/me/{newest(api, who)['id']}/send-verification-code"
    return api.post(path, who.headers, json={"callback_url": url})


@pytest.mark.proves("S-54")
def test_a_mailed_code_verifies_the_address_it_was_sent_to_and_works_once(
    api: Api, ada: SignedIn
) -> None:
    assert ask(api, ada).json() == {"success": True}
    [message] = Mailbox(api.server, ADDRESS).new()
    assert message["Subject"] == "Verify your e-mail address for Engines"
    link, code = link_in(message), code_in(message)
    assert link == f"http://localhost:12345/verify?then=home&code={code}"
    assert len(code) == LENGTH
    # Nobody has to be signed in where the mail is read.
    assert api.post(CHECK, json={"code": code.upper()}).json() == {"is_code_valid": True}
    assert newest(api, ada)["is_verified"] is False
    assert api.post(VERIFY, json={"code": code}).json() == {"success": True}
    assert newest(api, ada)["is_verified"] is True
    again = api.post(VERIFY, json={"code": code})
    assert (again.status_code, code_of(again)) == (409, "VERIFICATION_CODE_ALREADY_USED")
    assert code_of(api.post(CHECK, json={"code": code})) == "VERIFICATION_CODE_ALREADY_USED"
    assert code_of(ask(api, ada)) == "EMAIL_ALREADY_VERIFIED"


def test_a_second_mail_leaves_the_first_good_and_revives_nothing(api: Api, ada: SignedIn) -> None:
    mails = Mailbox(api.server, ADDRESS)
    ask(api, ada)
    first = mails.code()
    ask(api, ada)
    second = mails.code()
    assert api.post(VERIFY, json={"code": first}).status_code == 200
    assert code_of(api.post(VERIFY, json={"code": first})) == "VERIFICATION_CODE_ALREADY_USED"
    assert api.post(VERIFY, json={"code": second}).status_code == 200


def test_codes_end_and_are_good_in_their_own_project_only(
    api: Api, ada: SignedIn, clock: SetClock
) -> None:
    ask(api, ada)
    code = Mailbox(api.server, ADDRESS).code()
    other = Api.create(api.server)
    elsewhere = other.post(VERIFY, json={"code": code})
    assert (elsewhere.status_code, code_of(elsewhere)) == (404, "VERIFICATION_CODE_NOT_FOUND")
    assert code_of(api.post(VERIFY, json={"code": "0" * LENGTH})) == "VERIFICATION_CODE_NOT_FOUND"
    assert code_of(api.post(VERIFY, json={"code": code[:-1]})) == "SCHEMA_ERROR"
    clock.advance(VERIFICATION_MINUTES * 60)
    late = api.post(VERIFY, json={"code": code})
    assert (late.status_code, code_of(late)) == (400, "VERIFICATION_CODE_EXPIRED")
    assert newest_after_days(api, ada)["is_verified"] is False


def newest_after_days(api: Api, who: SignedIn) -> dict[str, Any]:
    found = api.get(f"/contact-channels?user_id={who.user_id}", api.secret).json()["items"]
    last: dict[str, Any] = found[-1]
    return last


def test_an_address_that_was_given_up_is_verified_by_no_mail(api: Api, ada: SignedIn) -> None:
    ask(api, ada)
    code = Mailbox(api.server, ADDRESS).code()
    path = f"/contact-channels/me/{newest(api, ada)['id']}"
    changed = api.send("PATCH", path, ada.headers, json={"value": "other@work.example"})
    assert changed.status_code == 200
    refused = api.post(VERIFY, json={"code": code})
    assert (refused.status_code, code_of(refused)) == (400, None)
    assert newest(api, ada)["is_verified"] is False


def test_of_twenty_who_bring_a_code_one_verifies(api: Api, ada: SignedIn) -> None:
    ask(api, ada)
    code = Mailbox(api.server, ADDRESS).code()

    async def all_at_once() -> list[int]:
        async with api.server.client() as client:
            tries = (
                client.post("/api/v1" + VERIFY, headers=api.client, json={"code": code})
                for _ in range(20)
            )
            return [answer.status_code for answer in await asyncio.gather(*tries)]

    assert sorted(api.server.run(all_at_once())) == [200] + [409] * 19


@pytest.mark.proves("T-8")
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/verify",
        "https://engines.example.evil.example/",
        "https://engines.example@evil.example/",
        "https://evil.example\\@engines.example/",
        "javascript:alert(1)",
        "//engines.example/",
        "http://engines.example/",
        "verify",
    ],
)
def test_links_lead_to_listed_origins_only(server: InProcess, url: str) -> None:
    api = Api.create(server, allow_localhost=False, trusted_domains=("https://engines.example",))
    who = api.session_of(server.person("ada@example.com", project_id=api.project.id).id)
    channel(api, who)
    refused = ask(api, who, url)
    assert (refused.status_code, code_of(refused)) == (400, "REDIRECT_URL_NOT_WHITELISTED")
    assert Mailbox(server, ADDRESS).new() == []
    assert ask(api, who, "https://engines.example").status_code == 200
    [message] = Mailbox(server, ADDRESS).new()
    assert link_in(message).startswith("https://engines.example/?code=")


def test_mails_are_counted_for_their_address_and_for_the_visitor(api: Api, ada: SignedIn) -> None:
    for _ in range(5):
        assert ask(api, ada).status_code == 200
    refused = ask(api, ada)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "600")
    assert len(Mailbox(api.server, ADDRESS).new()) == 5


def test_the_older_way_takes_the_primary_address_alone(api: Api, ada: SignedIn) -> None:
    path = "/contact-channels/send-verification-code"
    body = {"email": ADDRESS, "callback_url": CALLBACK}
    other = api.post(path, ada.headers, json=body)
    assert (other.status_code, code_of(other)) == (400, "EMAIL_IS_NOT_PRIMARY_EMAIL")
    assert other.json()["details"] == {"email": ADDRESS, "primary_email": "ada@example.com"}
    known = api.post(path, ada.headers, json={**body, "email": "ada@example.com"})
    assert (known.status_code, code_of(known)) == (409, "EMAIL_ALREADY_VERIFIED")
    assert code_of(api.post(path, json=body)) == "USER_AUTHENTICATION_REQUIRED"
    new = {"primary_email": "new@example.com"}
    api.send("PATCH", "/users/me", ada.headers, json=new)
    sent = api.post(path, ada.headers, json={**body, "email": "new@example.com"})
    assert sent.json() == {"success": True}
    code = Mailbox(api.server, "new@example.com").code()
    assert api.post(VERIFY, json={"code": code}).status_code == 200
    assert api.get("/users/me", ada.headers).json()["primary_email_verified"] is True


def test_servers_have_mails_sent_for_any_user(api: Api, ada: SignedIn) -> None:
    wanted = newest(api, ada)["id"]
    body = {"callback_url": CALLBACK}
    path = f"/contact-channels/{ada.user_id}/{wanted}/send-verification-code"
    assert api.post(path, api.secret, json=body).json() == {"success": True}
    assert len(Mailbox(api.server, ADDRESS).new()) == 1
    nobody = "00000000-0000-0000-0000-000000000000"
    unknown = api.post(path.replace(ada.user_id, nobody), api.secret, json=body)
    assert (unknown.status_code, code_of(unknown)) == (400, "USER_ID_DOES_NOT_EXIST")
    missing = api.post(path.replace(wanted, nobody), api.secret, json=body)
    assert (missing.status_code, code_of(missing)) == (404, None)
    grace = api.person()
    assert api.post(path, grace.headers, json=body).status_code == 400


def test_a_code_goes_through_a_real_mail_server(
    start_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        api = Api.create(server)
        who = api.session_of(server.person("ada@example.com", project_id=api.project.id).id)
        channel(api, who)
        assert ask(api, who).status_code == 200
        server.run(server.services.mail.drain())
    [message] = inbox.messages
    assert message["To"] == ADDRESS
    code = code_in(message)
    assert code not in caplog.text
    # What the database holds opens nothing, and nobody finds the code in its files.
    for file in server.settings.data.glob("keyturn.sqlite3*"):
        assert code.encode() not in file.read_bytes()
        assert code[6:].encode() not in file.read_bytes()
    assert api.post(VERIFY, json={"code": code}).status_code == 200
