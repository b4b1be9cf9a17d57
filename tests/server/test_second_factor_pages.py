"""A browser and the second factor: no page signs somebody in who has not shown both."""

import ast
from pathlib import Path

import pytest

import keyturn.server
from keyturn.server.accounts import store as accounts
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess, SetClock
from tests.server.person_ import PASSWORD, Person, authorize_path, last_mailed_link

EMAIL = "ada@example.com"
PAGE = "/sign-in/second-factor"
ASKS = "Type the code from your authenticator"


@pytest.fixture
def app(clock: SetClock) -> Authenticator:
    return Authenticator(clock)


@pytest.fixture
def ada(server: InProcess, app: Authenticator) -> Person:
    """Return somebody who has an account with a second factor, at a browser that is signed out."""
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=EMAIL, password=PASSWORD)
    services = server.services
    user = server.run(services.accounts.by_email("default", EMAIL))
    assert user is not None
    server.run(
        services.storage.write(services.totp_secrets.change, user, app.secret, now=server.clock.now)
    )
    person.press("/sign-out")
    return person


def has_session(person: Person) -> bool:
    return any(name.startswith("keyturn_session") for name in person.cookies)


def password(person: Person, path: str = "/sign-in") -> None:
    person.open(path)
    person.press("/sign-in", email=EMAIL, password=PASSWORD)


@pytest.mark.proves("S-51")
def test_the_password_leads_to_the_second_step_and_that_to_where_they_were_going(
    ada: Person, app: Authenticator
) -> None:
    password(ada, authorize_path())
    assert ASKS in ada.page.text
    assert "A terminal is waiting" in ada.page.text
    assert not has_session(ada)
    ada.open("/sessions")
    assert "<h1>Sign in</h1>" in ada.page.text
    password(ada, authorize_path())
    ada.press(PAGE, totp=f"{app.shows()[:3]} {app.shows()[3:]}")
    assert "Let <bdi>Keyturn CLI</bdi> sign in?" in ada.page.text
    assert has_session(ada)


@pytest.mark.proves("S-51")
def test_a_mailed_link_leads_to_the_second_step_as_well(
    server: InProcess, ada: Person, app: Authenticator
) -> None:
    ada.open("/sign-in?continue=/device")
    ada.press("/sign-in", instead="/sign-in/link", email=EMAIL, password="")
    ada.open(last_mailed_link(server))
    ada.press("/sign-in/link/finish")
    assert ASKS in ada.page.text
    assert not has_session(ada)
    ada.press(PAGE, totp=app.shows())
    assert "Type the code from your terminal" in ada.page.text


def test_wrong_digits_show_the_form_again_and_five_end_the_attempt(
    ada: Person, app: Authenticator
) -> None:
    password(ada)
    for _ in range(5):
        ada.press(PAGE, totp=app.wrong())
        assert ada.page.status_code in (400, 422)
        assert "<title>Error: " in ada.page.text
        assert 'aria-invalid="true"' in ada.page.text
    ada.press(PAGE, totp=app.shows())
    assert "Sign in once more" in ada.page.text
    assert not has_session(ada)


def test_nothing_typed_is_no_try(ada: Person, app: Authenticator) -> None:
    password(ada)
    for _ in range(7):
        ada.press(PAGE, totp=" ")
        assert "Type the code that your authenticator shows." in ada.page.text
    ada.press(PAGE, totp=app.shows())
    assert has_session(ada)


def test_digits_open_once(ada: Person, app: Authenticator) -> None:
    password(ada)
    ada.press(PAGE, totp=app.shows())
    ada.press("/sign-out")
    password(ada)
    ada.press(PAGE, totp=app.shows())
    assert "was used already" in ada.page.text
    assert not has_session(ada)


def test_the_page_without_an_attempt_leads_back_to_the_first_step(
    server: InProcess, ada: Person, clock: SetClock, app: Authenticator
) -> None:
    stranger = Person(server)
    stranger.open(f"{PAGE}?continue=/device")
    assert "Sign in once more" in stranger.page.text
    assert stranger.form("/sign-in")["continue"] == "/device"
    password(ada)
    clock.advance(300)
    ada.press(PAGE, totp=app.shows())
    assert "Sign in once more" in ada.page.text


def test_another_browser_cannot_finish_the_attempt_with_the_form_of_this_one(
    server: InProcess, ada: Person, app: Authenticator
) -> None:
    password(ada)
    thief = Person(server)
    thief.open("/sign-in")
    thief.cookies |= {"keyturn_second_factor": ada.cookies["keyturn_second_factor"]}
    thief.page = ada.page
    thief.press(PAGE, totp=app.shows())
    assert thief.page.status_code == 403
    assert not has_session(thief)


@pytest.mark.proves("T-10")
def test_whoever_guesses_through_new_attempts_meets_the_accounts_limit(
    ada: Person, app: Authenticator
) -> None:
    for _ in range(10):
        password(ada)
        ada.press(PAGE, totp=app.wrong())
    password(ada)
    ada.press(PAGE, totp=app.shows())
    assert ada.page.status_code == 429
    assert not has_session(ada)


# Where sessions begin, and why no second factor can be left out there.
BEGINNINGS = {
    "accounts/sign_in_routes.py": "a new account or guest; with a password only after the check",
    "cli_login/work.py": "for the program whose sign-in a signed-in browser approved",
    "external_sign_in/service.py": "only for accounts without a second factor",
    "mfa/service.py": "both factors were shown",
    "passkeys/service.py": "only for accounts without a second factor",
    "otp/service.py": "only for accounts without a second factor",
    "sessions/routes.py": "for a server with the project's secret key",
    "sessions/service.py": "the way for browsers to the one below",
    "sessions/stack_tokens.py": "the way for clients to the one below",
    "signin/routes.py": "only for accounts without a second factor",
    "signin/service.py": "a mailed link; only for accounts without a second factor",
    "browser/visitor.py": "whom the app around this server has signed in",
}
BEGIN = {"begin_plain_work", "begin_stack_work", "begin_browser"}


def test_sessions_begin_nowhere_but_where_the_second_factor_was_thought_of() -> None:
    root = Path(keyturn.server.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and (
            node.attr in BEGIN
            or (node.attr == "begin" and ast.unparse(node.value).endswith("stack_tokens"))
        )
    }
    assert found == set(BEGINNINGS)


def test_an_account_that_came_to_need_it_keeps_its_sessions(
    server: InProcess, app: Authenticator
) -> None:
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="eve@example.com", password=PASSWORD)
    user = server.run(server.services.accounts.by_email("default", "eve@example.com"))
    assert user is not None
    write = server.services.storage.write
    server.run(write(accounts.update, user, requires_totp_mfa=True))
    person.open("/sessions")
    assert "Sessions" in person.page.text
