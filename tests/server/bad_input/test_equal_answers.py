"""Nobody learns from an answer whether an address has an account (threat T-10).

Bodies and headers are compared byte for byte; how long the answers take is printed, not asserted,
since a shared machine's clock proves nothing.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest

from keyturn.server.accounts import store as accounts
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import PASSWORD, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from tests.server.in_process_ import InProcess

# As long as one another, so that nothing but the account differs.
KNOWN, UNKNOWN, DISABLED, PASSWORDLESS = (
    "known00@example.com",
    "unknown@example.com",
    "barred0@example.com",
    "linked0@example.com",
)
EVERYBODY = (KNOWN, UNKNOWN, DISABLED, PASSWORDLESS)
CLIENT = {"x-stack-access-type": "client", "x-stack-project-id": "default"}
ROUNDS = 12


@pytest.fixture
def populated(server: InProcess) -> InProcess:
    """Add an account with a password, a disabled one, and one that only gets links."""
    for email in (KNOWN, DISABLED):
        server.run(server.services.accounts.sign_up(server.project, email=email, password=PASSWORD))
    server.person(PASSWORDLESS)
    disabled = server.run(server.services.accounts.by_email("default", DISABLED))
    assert disabled is not None
    server.run(
        server.services.storage.write(accounts.update, disabled, disabled_at=server.clock.now)
    )
    return server


def comparable(answer: httpx2.Response, email: str) -> tuple[int, str, dict[str, str]]:
    """Return all there is of an answer, with the address that was asked for taken out."""
    of_its_own = ("x-stack-request-id", "x-request-id", "date")
    headers = {k: v for k, v in answer.headers.items() if k not in of_its_own}
    return answer.status_code, answer.text.replace(email, "ADDRESS"), headers


def page_post(server: InProcess, action: str, **fields: str) -> httpx2.Response:
    person = Person(server)
    person.cookies["keyturn_browser"] = "the same browser, so that its forms' tokens are the same"
    person.open("/sign-in")
    form = {**person.form("/sign-in"), "continue": "/device", **fields}
    del form["@action"]
    return server.post(action, data=form, headers={**person.cookie_header(), "origin": BASE_URL})


def by_page(server: InProcess, email: str) -> httpx2.Response:
    return page_post(server, "/sign-in", email=email, password="not the password")


def by_link(server: InProcess, email: str) -> httpx2.Response:
    return page_post(server, "/sign-in/link", email=email)


def by_api(server: InProcess, email: str) -> httpx2.Response:
    body = {"email": email, "password": "not the password"}
    return server.post("/api/v1/auth/password/sign-in", json=body, headers=CLIENT)


def by_forgetting(server: InProcess, email: str) -> httpx2.Response:
    return page_post(server, "/password/forgot", email=email)


def by_reset_code(server: InProcess, email: str) -> httpx2.Response:
    body = {"email": email, "callback_url": f"{BASE_URL}/back"}
    return server.post("/api/v1/auth/password/send-reset-code", json=body, headers=CLIENT)


MAILING = (by_link, by_forgetting, by_reset_code)
WAYS = pytest.mark.parametrize("ask", [by_page, by_api, *MAILING])


@pytest.mark.proves("T-10")
@WAYS
def test_known_unknown_barred_and_passwordless_people_get_the_same_bytes(
    populated: InProcess, ask: Callable[[InProcess, str], httpx2.Response]
) -> None:
    answers = {email: comparable(ask(populated, email), email) for email in EVERYBODY}
    assert len({str(answer) for answer in answers.values()}) == 1, answers
    # The right password of a barred account is as wrong as any other.
    if ask is by_api:
        body = {"email": DISABLED, "password": PASSWORD}
        right = populated.post("/api/v1/auth/password/sign-in", json=body, headers=CLIENT)
        assert comparable(right, DISABLED) == answers[UNKNOWN]


@pytest.mark.proves("T-10")
@WAYS
def test_the_limit_is_reached_by_everybody_at_the_same_try(
    populated: InProcess, ask: Callable[[InProcess, str], httpx2.Response]
) -> None:
    series = {}
    for email in EVERYBODY:
        populated.clock.advance(601)  # limits of the address begin anew
        until_refused = 0
        while (answer := ask(populated, email)).status_code != 429:
            until_refused += 1
            assert until_refused < 100
        series[email] = (until_refused, comparable(answer, email)[1:])
    counts = {count for count, _ in series.values()}
    assert len(counts) == 1, series
    assert counts <= {5, 10}


@pytest.mark.proves("T-10")
@WAYS
def test_how_long_the_answers_take_is_printed(
    populated: InProcess,
    ask: Callable[[InProcess, str], httpx2.Response],
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for _ in range(ROUNDS):
        for email, times in taken.items():
            populated.clock.advance(601)
            began = time.perf_counter()
            ask(populated, email)
            times.append(time.perf_counter() - began)
    medians = {email: statistics.median(times) * 1000 for email, times in taken.items()}
    with capsys.disabled():
        print(
            f"\n  {ask.__name__}: median of {ROUNDS}: known {medians[KNOWN]:.2f} ms, "
            f"unknown {medians[UNKNOWN]:.2f} ms"
        )
    # Only what could not be chance: no password was hashed.
    assert ask in MAILING or medians[UNKNOWN] > medians[KNOWN] / 5


@pytest.mark.proves("T-10")
def test_an_open_browser_is_no_place_to_guess_its_owners_password(populated: InProcess) -> None:
    user = populated.run(populated.services.accounts.by_email("default", KNOWN))
    assert user is not None
    person = Person(populated)
    person.cookies["keyturn_session_default"] = populated.browser(user)[1]
    new = "another horse battery"
    for _ in range(10):
        person.open("/password")
        person.press("/password", current="a guess", password=new)
        assert "Password changed" not in person.page.text
    person.open("/password")
    # Not even the right one, until the limit's time is over.
    assert person.press("/password", current=PASSWORD, password=new).status_code == 429
    assert by_api(populated, KNOWN).status_code == 429
    populated.clock.advance(601)
    for changed, current in (("x", PASSWORD), (new, PASSWORD), (PASSWORD, new)):
        person.open("/password")
        answer = person.press("/password", current=current, password=changed)
        assert answer.status_code in (200, 422), answer.text


@pytest.mark.proves("T-10", "S-9a")
def test_unknown_decided_and_foreign_login_codes_are_one_page(server: InProcess) -> None:
    pages = []
    for code in ("A" * 40, "unknown", "\u202e"):
        person = Person(server)
        token = server.browser(server.person())[1]
        person.cookies["keyturn_session_default"] = token
        person.open(f"/handler/cli-auth-confirm?login_code={code}")
        assert "This code does not work" in person.page.text
        pages.append(person.page.status_code)
    assert len(set(pages)) == 1
