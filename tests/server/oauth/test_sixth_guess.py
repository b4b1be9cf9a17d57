"""The sixth wrong user code of an account is 429, whatever is changed about the request.

Each disguise is tried with the right code after five wrong ones: a limit that it slipped past would
let it in. Another account with the same disguise is let in, so the limit is what refused it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from keyturn.server.accounts.rules import User
from keyturn.server.cleanup.sweeper import Sweeper
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import start_device
from tests.server.person_ import Person


# One server for all: everything here is counted by account.
@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    started = InProcess(tmp_path_factory.mktemp("guesses") / "data")
    yield started
    started.close()


WRONG = ("BBBB-BBBB", "bbbbbbbb", "B B B B B B B B", "AAAA-AAAA", "\u24b7bbb.bbbb")
OPENED, WRONG_CODE, TOO_MANY = 303, 422, 429


@dataclass(frozen=True, kw_only=True)
class Guess:
    """One typed code, and what goes with it."""

    server: InProcess
    user: User
    browser: Person
    typed: str
    ip: str
    headers: dict[str, str] = field(default_factory=dict)
    by_cookie: bool = False

    def send(self) -> httpx2.Response:
        """Type it into the form, or carry it to the confirm page in the cookie."""
        cookies = self.browser.cookie_header()["cookie"]
        if self.by_cookie:
            cookies += f"; keyturn_user_code={quote(self.typed)}"
            headers = self.headers | {"cookie": cookies}
            return self.server.get("/device/confirm", headers=headers, ip=self.ip)
        self.browser.open("/device")
        form = {"form_token": self.browser.form("/device")["form_token"], "user_code": self.typed}
        headers = {"origin": BASE_URL} | self.headers | self.browser.cookie_header()
        return self.server.post("/device", data=form, headers=headers, ip=self.ip)


Disguise = Callable[[Guess], Guess]


def header(**headers: str) -> Disguise:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda guess: replace(guess, headers=named)


def typed(change: Callable[[str], str]) -> Disguise:
    return lambda guess: replace(guess, typed=change(guess.typed))


def signed_in(server: InProcess, user: User) -> Person:
    """Return a browser that has opened a page, so that it has its own id."""
    person = Person(server)
    person.cookies["keyturn_session_default"] = server.browser(user)[1]
    person.open("/device")
    return person


def new_browser_cookie(guess: Guess) -> Guess:
    del guess.browser.cookies["keyturn_browser"]
    guess.browser.open("/device")
    return guess


def chosen_browser_cookie(guess: Guess) -> Guess:
    guess.browser.cookies["keyturn_browser"] = "x" * 43
    return guess


def another_session(guess: Guess) -> Guess:
    return replace(guess, browser=signed_in(guess.server, guess.user))


def after_signing_out(guess: Guess) -> Guess:
    leaving = signed_in(guess.server, guess.user)
    leaving.open("/sessions")
    leaving.press("/sign-out")
    leaving.cookies["keyturn_session_default"] = guess.server.browser(guess.user)[1]
    return replace(guess, browser=leaving)


def after_a_sweep(guess: Guess) -> Guess:
    services = guess.server.services
    guess.server.run(Sweeper(services.storage, guess.server.clock).sweep())
    return guess


def after_a_thousand_other_counters(guess: Guess) -> Guess:
    for number in range(50):
        guess.server.post(
            "/oauth/device_authorization",
            data={"client_id": "keyturn-cli"},
            ip=f"2001:db8:{number:x}::1",
        )
    return after_a_sweep(guess)


def at_another_process(guess: Guess) -> Guess:
    again = InProcess(guess.server.settings.data, clock=guess.server.clock)
    return replace(guess, server=again, browser=_moved(guess.browser, again))


def _moved(browser: Person, server: InProcess) -> Person:
    moved = Person(server)
    moved.cookies = dict(browser.cookies)
    return moved


DISGUISES: dict[str, Disguise] = {
    "none": lambda guess: guess,
    "lower case": typed(str.lower),
    "spaces": typed(lambda code: f"  {' '.join(code.replace('-', ''))} "),
    "dots and dashes": typed(lambda code: "..-" + ".".join(code) + "\u2014"),
    "no-break spaces": typed(lambda code: code.replace("-", "\u00a0\u2009")),
    "another address": lambda guess: replace(guess, ip="203.0.113.77"),
    "an IPv6 address": lambda guess: replace(guess, ip="2001:db8:77::1"),
    "X-Forwarded-For": header(x_forwarded_for="203.0.113.9"),
    "X-Forwarded-For, many": header(x_forwarded_for="203.0.113.9, 127.0.0.1, ::1"),
    "Forwarded": header(forwarded="for=203.0.113.9;proto=https"),
    "other proxies' headers": header(
        x_real_ip="203.0.113.9",
        cf_connecting_ip="203.0.113.9",
        true_client_ip="203.0.113.9",
        x_client_ip="203.0.113.9",
        x_cluster_client_ip="203.0.113.9",
        x_originating_ip="127.0.0.1",
    ),
    "another User-Agent": header(user_agent="Mozilla/5.0 (Haiku) Gecko/1.0"),
    "Accept and language": header(accept="application/json", accept_language="de"),
    "method override": header(x_http_method_override="GET"),
    "stack headers": header(x_stack_override_error_status="true", x_stack_random_nonce="1"),
    "new browser cookie": new_browser_cookie,
    "a browser cookie of one's own": chosen_browser_cookie,
    "another session": another_session,
    "after signing out and in": after_signing_out,
    "in the cookie": lambda guess: replace(guess, by_cookie=True),
    "after a sweep": after_a_sweep,
    "after many other counters": after_a_thousand_other_counters,
    "another process": at_another_process,
}
_ADDRESSES = (f"192.0.2.{n}" for n in count(1))


def guesses_used_up(server: InProcess, *, by: Disguise | None = None) -> Guess:
    """Return a guess of somebody who has just typed five wrong codes."""
    user = server.person()
    guess = Guess(
        server=server, user=user, browser=signed_in(server, user), typed="", ip=next(_ADDRESSES)
    )
    for wrong in WRONG:
        tried = replace(guess, typed=wrong)
        answer = (by(tried) if by else tried).send()
        assert answer.status_code in (WRONG_CODE, 404), answer.text
        assert "location" not in answer.headers
    return guess


@pytest.mark.proves("S-23", "T-10")
@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_sixth_try_is_429_in_every_disguise_and_right_codes_are_no_exception(
    server: InProcess, disguise: str
) -> None:
    change = DISGUISES[disguise]
    guess = guesses_used_up(server)
    for code in (start_device(server)["user_code"], "CCCC-CCCC"):
        sixth = change(replace(guess, typed=code))
        answer = sixth.send()
        assert (answer.status_code, answer.headers["retry-after"]) == (TOO_MANY, "600")
        assert answer.headers["cache-control"] == "no-store"
        assert "location" not in answer.headers
        assert "keyturn_user_code" not in answer.headers.get("set-cookie", "")
        if sixth.server is not server:
            sixth.server.close()


@pytest.mark.proves("S-23")
@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_same_disguise_lets_somebody_in_who_has_tries_left(
    server: InProcess, disguise: str
) -> None:
    user = server.person()
    code = start_device(server)["user_code"]
    guess = Guess(
        server=server, user=user, browser=signed_in(server, user), typed=code, ip="192.0.2.250"
    )
    changed = DISGUISES[disguise](guess)
    answer = changed.send()
    assert answer.status_code == (200 if changed.by_cookie else OPENED), answer.text
    assert not changed.by_cookie or "Let <bdi>" in answer.text
    if changed.server is not server:
        changed.server.close()


@pytest.mark.proves("S-23", "T-10")
def test_wrong_codes_in_all_disguises_count_together(server: InProcess) -> None:
    changes = iter([c for name, c in DISGUISES.items() if name != "another process"] * 2)
    for _ in range(6):
        guess = guesses_used_up(server, by=lambda tried: next(changes)(tried))
        code = start_device(server)["user_code"]
        assert replace(guess, typed=code).send().status_code == TOO_MANY


@pytest.mark.proves("S-23")
@pytest.mark.parametrize("settings", [{"rate_limits": "off"}, {"trusted_proxies": ["127.0.0.1"]}])
def test_no_setting_lets_a_sixth_try_through(
    start_server: Callable[..., InProcess], settings: dict[str, Any]
) -> None:
    server = start_server(**settings)
    guess = guesses_used_up(server)
    code = start_device(server)["user_code"]
    forwarded = {"x-forwarded-for": "203.0.113.9"}
    sixth = replace(guess, typed=code, ip="127.0.0.1", headers=forwarded)
    assert sixth.send().status_code == TOO_MANY


@pytest.mark.proves("S-23", "T-10")
def test_opening_ones_own_codes_in_between_wins_no_further_try(server: InProcess) -> None:
    user = server.person()
    browser = signed_in(server, user)
    guess = Guess(server=server, user=user, browser=browser, typed="", ip="192.0.2.251")
    for wrong in WRONG:
        assert replace(guess, typed=wrong).send().status_code == WRONG_CODE
        if wrong != WRONG[-1]:
            own = replace(guess, typed=start_device(server)["user_code"])
            assert own.send().status_code == OPENED
    assert replace(guess, typed=start_device(server)["user_code"]).send().status_code == TOO_MANY
