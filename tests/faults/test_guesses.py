"""User codes across processes: guessed by many at once, and typed by many at once.

Two servers on one database. However the tries of an account arrive, five are looked at; however
many browsers type one code, one owns it, and to every other it does not exist.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode

import pytest

from keyturn.server.clock import SystemClock
from tests.faults.racers_ import RACERS, Answer, Racers, Send, racers
from tests.faults.servers_ import Server, assert_no_surprise, serving
from tests.faults.steps_ import device, device_send, good, send
from tests.requirements_ import rounds
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.person_ import Person

pytestmark = pytest.mark.sweep

# A thousand wrong codes in ten minutes are all that a server looks at, whoever types them, and
# twenty from one address: what is not raced here comes from one.
GUESSING = rounds(bounded=6, full=40)
OPENING = rounds(bounded=4, full=18)
LOOKED_AT = 5
OPENED, WRONG_CODE, TOO_MANY = 303, 422, 429
# From a proxy that nobody named, so that tries are counted by account alone.
UNNAMED_PROXY = {"x-forwarded-for": "203.0.113.9"}


@dataclass(frozen=True)
class Track:
    """Two servers, the racers, and a third process' view of the database, to make people in."""

    servers: list[Server]
    racers: Racers
    beside: InProcess

    def browser(self, user_id: str | None = None) -> tuple[Person, str]:
        """Return a signed-in browser, of a new account or of ``user_id``; and the account's id."""
        services = self.beside.services
        user = self.beside.person() if user_id is None else None
        if user is None:
            assert user_id is not None
            user = self.beside.run(services.accounts.find("default", user_id))
        assert user is not None
        person = Person(self.servers[0])
        person.cookies["keyturn_session_default"] = self.beside.browser(user)[1]
        person.cookies["keyturn_browser"] = secrets.token_urlsafe(32)
        return person, user.id

    def type_at_once(self, people: list[Person], codes: list[str]) -> list[Answer]:
        """Let each person type a code, all at once; half of them at each server."""
        ports = cycle(server.port for server in self.servers)
        tokens = {id(person): _form_token(person) for person in people}
        return self.racers.race(
            [
                _typing(next(ports), person, tokens[id(person)], code)
                for person, code in zip(people, codes, strict=True)
            ]
        )


def _form_token(person: Person) -> str:
    person.open("/device")
    return person.form("/device")["form_token"]


def _typing(port: int, person: Person, form_token: str, code: str) -> Send:
    kind = {"content-type": "application/x-www-form-urlencoded", "origin": BASE_URL}
    body = urlencode({"form_token": form_token, "user_code": code})
    headers = kind | UNNAMED_PROXY | person.cookie_header()
    return Send(port=port, path="/device", body=body, headers=headers)


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    data = tmp_path_factory.mktemp("guesses") / "data"
    with serving(data, count=2) as servers, racers() as runners:
        beside = InProcess(data, clock=SetClock(SystemClock().now_ms()))
        yield Track(servers, runners, beside)
        beside.close()
        assert_no_surprise(servers[0].log + servers[1].log)


@pytest.mark.proves("S-23", "T-10")
def test_of_simultaneous_wrong_codes_of_one_account_five_are_looked_at(
    track: Track, tell: Callable[[str], None]
) -> None:
    for _ in range(GUESSING):
        person, user_id = track.browser()
        others = [track.browser(user_id)[0] for _ in range(3)]
        people = [person, *others] * (RACERS // 4)
        answers = track.type_at_once(people, ["BBBB-BBBB"] * RACERS)
        found = Counter(answer.status for answer in answers)
        assert found == {WRONG_CODE: LOOKED_AT, TOO_MANY: RACERS - LOOKED_AT}
        right = device(track.servers[0])["user_code"]
        for server in track.servers:
            late = _typing(server.port, person, _form_token(person), right)
            assert send(server, late).status_code == TOO_MANY
    tell(
        f"{RACERS} wrong codes of one account at once at 2 servers, {GUESSING} rounds: "
        f"{LOOKED_AT} looked at, the others and every later one 429"
    )


@pytest.mark.proves("S-23")
def test_of_simultaneous_visitors_of_a_code_one_owns_it_and_the_others_never_see_it(
    track: Track, tell: Callable[[str], None]
) -> None:
    for _ in range(OPENING):
        people = [track.browser()[0] for _ in range(RACERS)]
        started = device(track.servers[0])
        answers = track.type_at_once(people, [started["user_code"]] * RACERS)
        found = Counter(answer.status for answer in answers)
        assert found == {OPENED: 1, WRONG_CODE: RACERS - 1}
        statuses = [answer.status for answer in answers]
        owner = people.pop(statuses.index(OPENED))
        second = people[0]
        for visitor in (second, owner):
            visitor.cookies["keyturn_user_code"] = started["user_code"]
            visitor.open("/device/confirm")
        assert "This code does not work" in second.page.text
        assert (
            send(track.servers[1], device_send(0, started["device_code"])).json()["error"]
            == "authorization_pending"
        )
        # Not even with the owner's form: its token is bound to the owner's session.
        form = owner.form("/cli/decide") | {"decision": "approve"}
        stolen = track.servers[1].request(
            "POST", "/cli/decide", data=form, headers={"origin": BASE_URL} | second.cookie_header()
        )
        assert stolen.status_code == 403
        assert "signed in" in owner.press("/cli/decide", decision="approve").text
        good(send(track.servers[1], device_send(0, started["device_code"])))
    tell(
        f"{RACERS} browsers type one code at once at 2 servers, {OPENING} rounds: one opens it, "
        f"{RACERS - 1} are told that it does not work"
    )
