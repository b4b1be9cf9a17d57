"""Passwords: set, changed, and replaced by mail when one is forgotten."""

import asyncio
from typing import Any

import httpx2
import pytest

from keyturn.server.one_time.service import LENGTH
from keyturn.server.passwords.service import RESET_MINUTES
from tests.server.in_process_ import InProcess, SetClock
from tests.server.mail.smtp_ import Inbox, smtp
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of
from tests.server.stack.mailbox_ import CALLBACK, Mailbox, code_in, link_in

SEND, RESET = "/auth/password/send-reset-code", "/auth/password/reset"
CHECK = "/auth/password/reset/check-code"
SET, UPDATE = "/auth/password/set", "/auth/password/update"
ADA = "ada@example.com"
NEW = "a brand new password"
MAYBE = {"success": "maybe, only if user with e-mail exists"}


def send(api: Api, email: str = ADA, url: str = CALLBACK) -> httpx2.Response:
    return api.post(SEND, json={"email": email, "callback_url": url})


def reset(api: Api, code: str, password: str = NEW) -> httpx2.Response:
    return api.post(RESET, json={"code": code, "password": password})


def sign_in(api: Api, password: str, email: str = ADA) -> httpx2.Response:
    return api.post("/auth/password/sign-in", json={"email": email, "password": password})


def is_alive(api: Api, who: SignedIn) -> bool:
    return api.get("/users/me", who.headers).status_code == 200


def person(api: Api, email: str = ADA) -> SignedIn:
    """Return somebody without a password, signed in."""
    return api.session_of(api.server.person(email, project_id=api.project.id).id)


@pytest.mark.proves("S-0d", "S-54")
@pytest.mark.parametrize("proved", [True, False], ids=["proved", "unproved"])
def test_a_mailed_code_replaces_the_password_and_ends_every_session(
    api: Api, *, proved: bool
) -> None:
    ada = api.account(ADA)
    told = {"primary_email_verified": proved}
    assert api.send("PATCH", f"/users/{ada.user_id}", api.secret, json=told).is_success
    assert (send(api).status_code, send(api).json()) == (200, MAYBE)
    first, second = Mailbox(api.server, ADA).new()
    assert first["Subject"] == "Reset your password for Engines"
    code = code_in(first)
    assert link_in(first) == f"http://localhost:12345/verify?then=home&code={code}"
    assert api.post(CHECK, json={"code": code.upper()}).json() == {"is_code_valid": True}
    assert is_alive(api, ada)
    assert reset(api, code).json() == {"success": True}
    assert not is_alive(api, ada)
    assert code_of(sign_in(api, PASSWORD)) == "EMAIL_PASSWORD_MISMATCH"
    assert sign_in(api, NEW).json()["user_id"] == ada.user_id
    again = reset(api, code, "yet another one")
    assert (again.status_code, code_of(again)) == (409, "VERIFICATION_CODE_ALREADY_USED")
    # The other mail was asked for before; the person who asked has what they wanted.
    assert code_of(reset(api, code_in(second))) == "VERIFICATION_CODE_NOT_FOUND"
    assert sign_in(api, NEW).status_code == 200


@pytest.mark.proves("T-10")
def test_the_answer_is_the_same_for_everybody_but_the_mail_is_not(api: Api) -> None:
    person(api)
    disabled = person(api, "off@example.com")
    api.disable(disabled.user_id)
    answers = [send(api, email) for email in (ADA, "nobody@example.com", "off@example.com")]
    assert [(a.status_code, a.content) for a in answers] == [
        (answers[0].status_code, answers[0].content)
    ] * 3
    assert answers[0].json() == MAYBE
    mailed = [len(Mailbox(api.server, to).new()) for to in (ADA, "nobody@example.com")]
    assert (mailed, Mailbox(api.server, "off@example.com").new()) == ([1, 0], [])
    evil = [send(api, email, "https://evil.example/") for email in (ADA, "nobody@example.com")]
    assert [code_of(a) for a in evil] == ["REDIRECT_URL_NOT_WHITELISTED"] * 2


def test_an_unfit_password_leaves_the_code_good(api: Api) -> None:
    person(api)
    send(api)
    code = Mailbox(api.server, ADA).code()
    short, long = reset(api, code, "short"), reset(api, code, "x" * 71)
    assert (code_of(short), code_of(long)) == ("PASSWORD_TOO_SHORT", "PASSWORD_TOO_LONG")
    assert short.json()["details"] == {"min_length": 8}
    assert reset(api, code).status_code == 200
    assert sign_in(api, NEW).status_code == 200


def test_codes_end_and_open_one_thing_in_one_project(api: Api, clock: SetClock) -> None:
    person(api)
    send(api)
    code = Mailbox(api.server, ADA).code()
    other = Api.create(api.server)
    assert code_of(reset(other, code)) == "VERIFICATION_CODE_NOT_FOUND"
    for path in ("/auth/otp/sign-in", "/contact-channels/verify"):
        assert code_of(api.post(path, json={"code": code})) == "VERIFICATION_CODE_NOT_FOUND"
    assert code_of(reset(api, "0" * LENGTH)) == "VERIFICATION_CODE_NOT_FOUND"
    clock.advance(RESET_MINUTES * 60)
    late = reset(api, code)
    assert (late.status_code, code_of(late)) == (400, "VERIFICATION_CODE_EXPIRED")


@pytest.mark.proves("S-24")
@pytest.mark.parametrize("what", ["disabled", "address given up", "password changed"])
def test_what_happened_since_the_mail_counts(api: Api, what: str) -> None:
    ada = person(api)
    send(api)
    code = Mailbox(api.server, ADA).code()
    if what == "disabled":
        api.disable(ada.user_id)
    elif what == "address given up":
        new = {"primary_email": "new@example.com"}
        api.send("PATCH", "/users/me", ada.headers, json=new)
    else:
        assert api.post(SET, ada.headers, json={"password": PASSWORD}).status_code == 200
    assert code_of(reset(api, code)) == "VERIFICATION_CODE_NOT_FOUND"


def test_of_ten_who_bring_a_code_one_sets_the_password(api: Api) -> None:
    person(api)
    send(api)
    code = Mailbox(api.server, ADA).code()
    bodies = [{"code": code, "password": f"password number {n}"} for n in range(10)]

    async def all_at_once() -> list[int]:
        async with api.server.client() as client:
            tries = (
                client.post("/api/v1" + RESET, headers=api.client, json=body) for body in bodies
            )
            return [answer.status_code for answer in await asyncio.gather(*tries)]

    statuses = api.server.run(all_at_once())
    assert sorted(statuses) == [200] + [409] * 9
    won = bodies[statuses.index(200)]["password"]
    assert sign_in(api, won).status_code == 200


def test_a_first_password_is_set_once(api: Api) -> None:
    ada, elsewhere = person(api), None
    elsewhere = api.session_of(ada.user_id)
    assert code_of(api.post(SET, ada.headers, json={"password": "short"})) == "PASSWORD_TOO_SHORT"
    assert api.post(SET, ada.headers, json={"password": NEW}).json() == {"success": True}
    assert (is_alive(api, ada), is_alive(api, elsewhere)) == (True, False)
    assert sign_in(api, NEW).status_code == 200
    again = api.post(SET, ada.headers, json={"password": "another password"})
    assert (again.status_code, code_of(again)) == (400, None)
    assert code_of(api.post(SET, json={"password": NEW})) == "USER_AUTHENTICATION_REQUIRED"


@pytest.mark.proves("S-0d")
def test_a_changed_password_ends_all_but_the_current_session(api: Api) -> None:
    ada = api.account(ADA)
    elsewhere = api.session_of(ada.user_id)
    body = {"old_password": "not the right one", "new_password": NEW}
    wrong = api.post(UPDATE, ada.headers, json=body)
    assert (wrong.status_code, code_of(wrong)) == (400, "PASSWORD_CONFIRMATION_MISMATCH")
    assert is_alive(api, elsewhere)
    body["old_password"] = PASSWORD
    assert api.post(UPDATE, ada.headers, json=body).json() == {"success": True}
    assert (is_alive(api, ada), is_alive(api, elsewhere)) == (True, False)
    refreshed = {**api.client, "x-stack-refresh-token": ada.refresh_token}
    assert api.post("/auth/sessions/current/refresh", refreshed).status_code == 200
    assert code_of(sign_in(api, PASSWORD)) == "EMAIL_PASSWORD_MISMATCH"
    assert sign_in(api, NEW).status_code == 200


def test_changing_asks_for_a_password_that_is_there_and_one_that_fits(api: Api) -> None:
    bare = person(api)
    body = {"old_password": PASSWORD, "new_password": "short"}
    assert code_of(api.post(UPDATE, bare.headers, json=body)) == "PASSWORD_TOO_SHORT"
    body["new_password"] = NEW
    missing = api.post(UPDATE, bare.headers, json=body)
    assert (missing.status_code, code_of(missing)) == (400, "USER_DOES_NOT_HAVE_PASSWORD")
    assert code_of(api.post(UPDATE, json=body)) == "USER_AUTHENTICATION_REQUIRED"


@pytest.mark.proves("T-10")
def test_the_old_password_cannot_be_guessed_from_an_open_session(api: Api) -> None:
    ada = api.account(ADA)
    wrong = {"old_password": "not the right one", "new_password": NEW}
    found = [api.post(UPDATE, ada.headers, json=wrong).status_code for _ in range(11)]
    assert found == [400] * 10 + [429]
    right = {"old_password": PASSWORD, "new_password": NEW}
    assert api.post(UPDATE, ada.headers, json=right).status_code == 429


def test_projects_without_passwords_refuse_all_of_it(server: InProcess) -> None:
    api = Api.create(server, credential_enabled=False)
    ada = person(api)
    change = {"old_password": PASSWORD, "new_password": NEW}
    answers = [
        send(api),
        reset(api, "0" * LENGTH),
        api.post(SET, ada.headers, json={"password": NEW}),
        api.post(UPDATE, ada.headers, json=change),
    ]
    assert [code_of(a) for a in answers] == ["PASSWORD_AUTHENTICATION_NOT_ENABLED"] * 4


def test_signing_up_mails_a_link_that_verifies_the_address(api: Api) -> None:
    body = {"email": ADA, "password": PASSWORD, "verification_callback_url": CALLBACK}
    ada = api.signed_in(api.post("/auth/password/sign-up", json=body))
    code = Mailbox(api.server, ADA).code()
    assert api.post("/contact-channels/verify", json={"code": code}).status_code == 200
    me = api.get("/users/me", ada.headers).json()
    assert (me["primary_email"], me["primary_email_verified"]) == (ADA, True)
    evil = {**body, "email": "b@example.com", "verification_callback_url": "https://evil.example"}
    refused = api.post("/auth/password/sign-up", json=evil)
    assert code_of(refused) == "REDIRECT_URL_NOT_WHITELISTED"
    assert api.account("b@example.com").user_id != ada.user_id
    assert Mailbox(api.server, "b@example.com").new() == []


def test_a_guest_who_signs_up_is_mailed_as_well(api: Api) -> None:
    guest = api.guest()
    body = {"email": ADA, "password": PASSWORD, "verification_callback_url": CALLBACK}
    answer = api.post("/auth/password/sign-up", guest.headers, json=body)
    assert answer.json()["user_id"] == guest.user_id
    code = Mailbox(api.server, ADA).code()
    assert api.post("/contact-channels/verify", json={"code": code}).status_code == 200


def test_sign_up_goes_on_where_no_further_mail_does(api: Api) -> None:
    mails = Mailbox(api.server, ADA)
    for _ in range(5):
        send(api)
    assert mails.new() == []  # whether there is an account is looked up after the answer
    body = {"email": ADA, "password": PASSWORD, "verification_callback_url": CALLBACK}
    assert api.post("/auth/password/sign-up", json=body).status_code == 200
    assert mails.new() == []


@pytest.mark.proves("T-9")
def test_a_reset_code_goes_through_a_real_mail_server_and_stays_nowhere(
    start_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        server = start_server(smtp_url=f"smtp://127.0.0.1:{port}")
        api = Api.create(server)
        person(api)
        assert send(api).status_code == 200
        server.run(server.services.mail.drain())
    [message] = inbox.messages
    code = code_in(message)
    assert (message["To"], len(code)) == (ADA, LENGTH)
    assert code not in caplog.text
    for file in server.settings.data.glob("keyturn.sqlite3*"):
        assert code.encode() not in file.read_bytes()
    assert reset(api, code).status_code == 200
