"""A forgotten password and a verified address, in a browser that follows what the pages offer."""

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.contact_channels.service import VERIFICATION_MINUTES
from keyturn.server.passwords.service import RESET_MINUTES
from keyturn.server.projects.rules import ProjectConfig
from keyturn.server.signin.tries import TRIES
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.person_ import PASSWORD, Person
from tests.server.stack.api_ import Api
from tests.server.stack.mailbox_ import Mailbox, code_in, link_in

ADA = "ada@example.com"
NEW = "a brand new password"


def forget(person: Person, email: str = ADA) -> None:
    person.open("/sign-in")
    assert 'href="/password/forgot"' in person.page.text
    person.open("/password/forgot")
    person.press("/password/forgot", email=email)


def mailed_link(server: InProcess) -> str:
    [message] = Mailbox(server, ADA).new()
    return link_in(message).removeprefix(BASE_URL)


@pytest.mark.proves("S-54", "S-0d")
def test_a_forgotten_password_is_replaced_and_whoever_was_signed_in_is_out(
    server: InProcess,
) -> None:
    user = server.person(ADA)
    elsewhere, _ = server.browser(user)
    person = Person(server)
    forget(person)
    assert "Password link sent" in person.page.text
    link = mailed_link(server)
    arrived = person.open(link, follow=False)
    # The code leaves the address bar before anything is shown, and opening changes nothing.
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/password/reset/new")
    person.open("/password/reset/new")
    assert ADA in person.page.text
    short = person.press("/password/reset/new", password="short")
    assert (short.status_code, "too few" in short.text) == (422, True)
    person.press("/password/reset/new", password=NEW)
    assert "The new password is set" in person.page.text
    found = server.run(server.services.sessions.find(elsewhere.id))
    assert found is not None
    assert found.ended_at is not None
    person.press("/sign-in", email=ADA, password=NEW)
    assert person.url == "/sessions"
    other = Person(server)
    other.open(link)
    assert "That link no longer works" in other.page.text
    assert 'action="/password/reset/new"' not in other.page.text


@pytest.mark.proves("T-10")
def test_the_answer_is_the_same_for_nobodys_address(server: InProcess) -> None:
    server.person(ADA)
    known, unknown = Person(server), Person(server)
    forget(known)
    forget(unknown, "eda@example.com")
    assert known.page.status_code == unknown.page.status_code == 200
    assert len(known.page.text) == len(unknown.page.text)
    assert len(Mailbox(server, ADA).new()) == 1
    assert Mailbox(server, "eda@example.com").new() == []


def test_an_address_that_is_none_is_said_so_and_mails_have_an_end(server: InProcess) -> None:
    person = Person(server)
    forget(person, "ada")
    assert (person.page.status_code, "needs an @" in person.page.text) == (422, True)
    person.press("/password/forgot", email="")
    assert "Type your email address." in person.page.text
    for _ in range(TRIES["mail"][0]):
        forget(person)
        assert person.page.status_code == 200
    forget(person)
    assert person.page.status_code == 429


def test_only_the_browser_that_asked_goes_on_to_what_it_was_doing(server: InProcess) -> None:
    server.person(ADA)
    asked, opened = Person(server), Person(server)
    asked.open("/password/forgot?continue=/device")
    asked.press("/password/forgot", email=ADA)
    mails = Mailbox(server, ADA)
    link = link_in(mails.new()[0]).removeprefix(BASE_URL)
    opened.open(link)
    opened.press("/password/reset/new", password=NEW)
    assert opened.url == "/sign-in?notice=password-replaced"
    asked.open("/password/forgot?continue=/device")
    asked.press("/password/forgot", email=ADA)
    asked.open(link_in(mails.new()[0]).removeprefix(BASE_URL))
    asked.press("/password/reset/new", password=NEW)
    asked.press("/sign-in", email=ADA, password=NEW)
    assert asked.url == "/device"


@pytest.mark.proves("S-24")
@pytest.mark.parametrize("what", ["an hour", "disabled"])
def test_a_link_is_over_when_time_or_the_account_is(
    server: InProcess, clock: SetClock, what: str
) -> None:
    user = server.person(ADA)
    person = Person(server)
    forget(person)
    person.open(mailed_link(server))
    if what == "disabled":
        work = server.services.storage.write(accounts.update, user, disabled_at=clock.now)
        server.run(work)
    else:
        clock.advance(RESET_MINUTES * 60)
    person.press("/password/reset/new", password=NEW)
    assert "That link no longer works" in person.page.text


def test_a_press_on_another_site_replaces_nothing(server: InProcess) -> None:
    server.person(ADA)
    person = Person(server)
    forget(person)
    person.open(mailed_link(server))
    form = {"form_token": person.form("/password/reset/new")["form_token"], "password": NEW}
    headers = {**person.cookie_header(), "origin": "https://evil.example"}
    answer = server.post("/password/reset/new", data=form, headers=headers)
    assert answer.status_code == 403
    without = {**person.cookie_header(), "origin": BASE_URL}
    assert server.post("/password/reset/new", data={"password": NEW}, headers=without).is_error
    assert person.press("/password/reset/new", password=NEW).status_code == 200


def of_project(server: InProcess, **config: bool) -> str:
    project, _ = server.run(
        server.services.projects.create("Engines", config=ProjectConfig(**config))  # type: ignore[arg-type]
    )
    return f"/p/{project.id}"


def test_signing_up_mails_a_link_where_the_project_asks_for_it(server: InProcess) -> None:
    prefix = of_project(server, verify_email_on_sign_up=True)
    person = Person(server)
    person.open(f"{prefix}/sign-up")
    person.press(f"{prefix}/sign-up", email=ADA, password=PASSWORD)
    link = mailed_link(server)
    assert link.startswith(f"{prefix}/verify-email?code=")
    # The mail is read in another browser, where nobody is signed in.
    reader = Person(server)
    arrived = reader.open(link, follow=False)
    assert arrived.headers["location"] == f"{prefix}/verify-email/open"
    reader.open(f"{prefix}/verify-email/open")
    assert ADA in reader.page.text
    reader.press(f"{prefix}/verify-email/finish")
    assert "Email verified" in reader.page.text
    user = server.run(server.services.accounts.by_email(prefix.removeprefix("/p/"), ADA))
    assert user is not None
    assert user.primary_email_verified is True
    reader.open(link)
    assert "That link no longer works" in reader.page.text


def test_other_projects_mail_nothing(server: InProcess) -> None:
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=ADA, password=PASSWORD)
    assert Mailbox(server, ADA).new() == []


def test_a_verification_link_ends(server: InProcess, clock: SetClock) -> None:
    prefix = of_project(server, verify_email_on_sign_up=True)
    person = Person(server)
    person.open(f"{prefix}/sign-up")
    person.press(f"{prefix}/sign-up", email=ADA, password=PASSWORD)
    person.open(mailed_link(server))
    clock.advance(VERIFICATION_MINUTES * 60)
    reader = Person(server)
    reader.cookies = person.cookies
    reader.open(f"{prefix}/verify-email/open")
    assert "That link no longer works" in reader.page.text


def test_projects_without_passwords_offer_no_new_one(server: InProcess) -> None:
    prefix = of_project(server, credential_enabled=False)
    person = Person(server)
    person.open(f"{prefix}/sign-in")
    assert "password/forgot" not in person.page.text
    person.open(f"{prefix}/password/forgot", follow=False)
    assert person.page.status_code == 303


def test_a_code_from_the_api_can_lead_to_our_own_page(server: InProcess) -> None:
    api = Api.create(server)
    server.person(ADA, project_id=api.project.id)
    own = f"{BASE_URL}/p/{api.project.id}/password/reset"
    body = {"email": ADA, "callback_url": own}
    assert api.post("/auth/password/send-reset-code", json=body).status_code == 200
    [message] = Mailbox(server, ADA).new()
    person = Person(server)
    person.open(link_in(message).removeprefix(BASE_URL))
    person.press(f"/p/{api.project.id}/password/reset/new", password=NEW)
    assert "The new password is set" in person.page.text
    refused = api.post("/auth/password/reset/check-code", json={"code": code_in(message)})
    assert refused.status_code == 409


def test_a_sign_in_link_goes_to_any_proved_address_that_signs_in(server: InProcess) -> None:
    api = Api.create(server)
    user = server.person(ADA, project_id=api.project.id)
    work = "ada@work.example"
    body = {"user_id": user.id, "value": work, "type": "email", "used_for_auth": True}
    body = {**body, "is_verified": True}
    assert api.post("/contact-channels", api.secret, json=body).status_code == 201
    prefix = f"/p/{api.project.id}"
    person = Person(server)
    person.open(f"{prefix}/sign-in")
    person.press(f"{prefix}/sign-in", instead=f"{prefix}/sign-in/link", email="ADA@work.example")
    [message] = Mailbox(server, work).new()
    person.open(link_in(message).removeprefix(BASE_URL))
    person.press(f"{prefix}/sign-in/link/finish")
    assert person.url == f"{prefix}/sessions"
