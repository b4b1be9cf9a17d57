"""Races across processes: two servers on one database of either kind, 32 clients at once.

Each race is run in rounds. Of everything that may be had once, exactly one asks successfully,
whichever server was asked; the others get the refusal that belongs to coming second.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from urllib.parse import urlencode

import pytest

from tests.faults.racers_ import RACERS, Answer, Racers, Send
from tests.faults.servers_ import Server
from tests.faults.steps_ import (
    approve_device,
    authorization_code,
    cli_attempt,
    complete,
    device,
    device_send,
    good,
    guest,
    opened_device,
    redeem_send,
    refresh_send,
    send,
    signed_up,
    stack,
    stack_send,
)
from tests.faults.tracks_ import laid
from tests.requirements_ import rounds
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import Person

pytestmark = pytest.mark.sweep

Tell = Callable[[str], None]
ROUNDS = {
    "sqlite": rounds(bounded=25, full=200),
    "postgresql": rounds(bounded=3, full=200),
}


@dataclass(frozen=True)
class Track:
    """Two servers on one database, the racers, and somebody signed in with a browser."""

    servers: list[Server]
    racers: Racers
    ada: Person
    rounds: range

    @property
    def first(self) -> Server:
        return self.servers[0]

    def race(self, make: Callable[[int], Send]) -> list[Answer]:
        """Let every racer send what ``make(port)`` returns; half of them to each server."""
        ports = cycle(server.port for server in self.servers)
        return self.racers.race([make(next(ports)) for _ in range(RACERS)])

    def race_with(self, values: list[str], make: Callable[[int, str], Send]) -> list[Answer]:
        """As ``race``, but each racer has a value of its own: ``make(port, value)``."""
        ports = cycle(server.port for server in self.servers)
        return self.racers.race([make(next(ports), value) for value in values])


@pytest.fixture(scope="module", params=ROUNDS)
def track(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Track]:
    kind: str = request.param
    with laid(kind, tmp_path_factory.mktemp("races")) as (servers, runners):
        ada = signed_up(servers[0], "ada@example.com")
        yield Track(servers, runners, ada, range(ROUNDS[kind]))


def only_winner(answers: list[Answer], *, won: int, lost: int) -> Answer:
    """Return the one answer with status ``won``; every other has status ``lost``."""
    statuses = Counter(answer.status for answer in answers)
    assert statuses == {won: 1, lost: RACERS - 1}
    return next(answer for answer in answers if answer.status == won)


def pressing(cookies: dict[str, str], fields: dict[str, str]) -> Callable[[int, str], Send]:
    """Return what presses one of the buttons of a confirm page."""
    headers = cookies | {"origin": BASE_URL, "content-type": "application/x-www-form-urlencoded"}

    def press(port: int, decision: str) -> Send:
        body = urlencode(fields | {"decision": decision})
        return Send(port=port, path="/cli/decide", body=body, headers=headers)

    return press


def redeem_with(code: str, port: int, verifier: str) -> Send:
    """Return the redemption of a code with a verifier of one's own."""
    return redeem_send(port, code, verifier)


def newest_device(server: Server) -> str:
    """Return the id of the device authorization that was begun last."""
    found = server.rows("SELECT id FROM device_authorization ORDER BY created_at DESC LIMIT 1")
    request_id: str = found[0]["id"]
    return request_id


@pytest.mark.proves("S-6")
def test_of_simultaneous_polls_one_gets_exactly_the_completed_token(track: Track) -> None:
    for _ in track.rounds:
        started, browser = cli_attempt(track.first), guest(track.first)
        good(complete(track.first, started["login_code"], browser["refresh_token"]))
        code = started["polling_code"]
        answers = track.race(partial(stack_send, path="/auth/cli/poll", polling_code=code))
        winner = only_winner(answers, won=201, lost=200)
        assert winner.json == {"status": "success", "refresh_token": browser["refresh_token"]}
        assert all(a.json == {"status": "used"} for a in answers if a is not winner)


@pytest.mark.proves("S-6")
def test_of_simultaneous_completes_one_wins_and_its_token_is_what_the_poll_gets(
    track: Track,
) -> None:
    tokens = [guest(track.first)["refresh_token"] for _ in range(RACERS)]
    for _ in track.rounds:
        started = cli_attempt(track.first)

        def asks(port: int, token: str, code: str = started["login_code"]) -> Send:
            return stack_send(port, "/auth/cli/complete", login_code=code, refresh_token=token)

        answers = track.race_with(tokens, asks)
        winner = only_winner(answers, won=200, lost=400)
        polled = stack(track.first, "/auth/cli/poll", {"polling_code": started["polling_code"]})
        assert polled.status_code == 201
        assert polled.json()["refresh_token"] == tokens[answers.index(winner)]


@pytest.mark.proves("S-6")
def test_of_simultaneous_claims_one_gets_the_anonymous_session(track: Track) -> None:
    for _ in track.rounds:
        anonymous = guest(track.first)
        started = cli_attempt(track.first, anon_refresh_token=anonymous["refresh_token"])

        def asks(port: int, code: str = started["login_code"]) -> Send:
            return stack_send(
                port, "/auth/cli/complete", login_code=code, mode="claim-anon-session"
            )

        winner = only_winner(track.race(asks), won=200, lost=400)
        assert winner.json["refresh_token"] == anonymous["refresh_token"]


@pytest.mark.proves("S-21")
def test_of_simultaneous_redemptions_of_a_code_one_gets_tokens_and_the_replays_end_them(
    track: Track, tell: Tell
) -> None:
    for _ in track.rounds:
        code = authorization_code(track.ada)
        winner = only_winner(track.race(partial(redeem_send, code=code)), won=200, lost=400)
        # 31 came a second time with the right verifier: what the first was given is over.
        again = send(track.first, refresh_send(track.first.port, winner.json["refresh_token"]))
        assert again.json()["error"] == "invalid_grant"
    tell(f"{RACERS} redemptions of a code at once, {ROUNDS} rounds: 1 got tokens, 31 ended them")


@pytest.mark.proves("S-21")
def test_a_thief_without_the_verifier_neither_wins_nor_spoils_a_code(track: Track) -> None:
    for _ in track.rounds:
        code = authorization_code(track.ada)
        verifiers = ["w" * 43] * (RACERS - 1)
        verifiers.insert(RACERS // 2, "v" * 43)
        answers = track.race_with(verifiers, partial(redeem_with, code))
        winner = only_winner(answers, won=200, lost=400)
        assert answers.index(winner) == RACERS // 2
        good(send(track.first, refresh_send(track.first.port, winner.json["refresh_token"])))


@pytest.mark.proves("S-23")
def test_of_simultaneous_polls_of_an_approved_device_code_one_gets_tokens(
    track: Track, tell: Tell
) -> None:
    for _ in track.rounds:
        started = device(track.first)
        approve_device(track.ada, started["user_code"])
        code = started["device_code"]
        answers = track.race(partial(device_send, device_code=code))
        winner = only_winner(answers, won=200, lost=400)
        assert {a.json["error"] for a in answers if a is not winner} == {"invalid_grant"}
        good(send(track.first, refresh_send(track.first.port, winner.json["refresh_token"])))
    tell(f"{RACERS} polls of a device code at once at 2 servers, {ROUNDS} rounds: 1 redeemed each")


@pytest.mark.proves("S-30")
def test_simultaneous_refreshes_with_one_token_make_one_new_generation(track: Track) -> None:
    code = authorization_code(track.ada)
    tokens = good(send(track.first, redeem_send(track.first.port, code)))
    for _ in track.rounds:
        current = tokens["refresh_token"]
        answers = track.race(partial(refresh_send, token=current))
        given = [answer.json for answer in answers if answer.status == 200]
        assert {one["refresh_token"] for one in given} == {given[0]["refresh_token"]}
        assert given[0]["generation"] == tokens["generation"] + 1
        assert all(answer.status < 500 for answer in answers)
        tokens = given[0]


@pytest.mark.proves("S-51")
def test_of_approve_and_deny_pressed_at_once_one_decides_and_the_poll_agrees(track: Track) -> None:
    for _ in track.rounds:
        started = device(track.first)
        fields = opened_device(track.ada, started["user_code"])
        decisions = ["approve", "deny"] * (RACERS // 2)
        press = pressing(track.ada.cookie_header(), fields)
        answers = track.race_with(decisions, press)
        assert all(answer.status < 500 for answer in answers)
        decided = track.first.rows(
            "SELECT kind FROM audit_event WHERE kind LIKE 'device.%' AND facts LIKE ?",
            f"%{newest_device(track.first)}%",
        )
        assert len(decided) == 1
        polled = send(track.first, device_send(track.first.port, started["device_code"]))
        assert (polled.status_code == 200) == (decided[0]["kind"] == "device.approved")
