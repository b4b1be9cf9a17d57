"""Many client processes, one session, a real server: nobody is signed out but the thief.

Processes are started once and stepped from one expiry to the next: between two rounds the stored
expiry is turned back, so that every round begins with a token that everybody finds expired.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from keyturn.protocol.tokens import Account, Endpoints, Session
from tests.faults.between_ import Between, between
from tests.faults.crowd_ import CLIENT, asking, auth_at, crowd, foreign, write_foreign
from tests.faults.servers_ import Server, assert_no_surprise, serving
from tests.faults.steps_ import (
    authorization_code,
    good,
    last_mail,
    redeem_send,
    refresh_send,
    send,
    signed_up,
)
from tests.requirements_ import rounds
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import Person

pytestmark = pytest.mark.sweep

CROWD = 64
ROUNDS = rounds(bounded=3, full=100)
LOCK_BOUND_SECONDS = 30
# What a wait may take beyond the bound: the last nap, and two processors for all of them.
MARGIN_SECONDS = 10
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Machine:
    """A home with one session in it, and the server that knows the session."""

    server: Server
    home: Path
    family: str

    def stored(self) -> Session:
        [stored] = auth_at(self.home)._runtime().store.snapshot().sessions.values()
        return stored

    def expire(self) -> str:
        """Turn the stored expiry back; return the refresh token that is stored."""
        store, stored = auth_at(self.home)._runtime().store, self.stored()
        past = replace(stored, expires_at=time.time() - 1)  # noqa: TID251 - the wall's clock
        assert store.replace(stored, past) is not None
        assert stored.refresh_token is not None
        return stored.refresh_token

    def steps(self) -> list[str]:
        """Return the events that the server wrote of this session after its beginning."""
        found = self.server.rows(
            "SELECT kind FROM audit_event WHERE session_id = ? ORDER BY created_at, rowid",
            self.family,
        )
        return [row["kind"] for row in found][1:]

    def row(self) -> dict[str, int]:
        """Return where the server's own record of the session stands."""
        names = "generation, siblings_made, acknowledged, ended_at"
        query = f"SELECT {names} FROM session WHERE id = ?"  # noqa: S608 - constant names
        return dict(self.server.rows(query, self.family)[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("crowds") / "data") as [started]:
        yield started
        assert_no_surprise(started.log)


@pytest.fixture(scope="module")
def ada(server: Server) -> Person:
    return signed_up(server, "ada@example.com")


@pytest.fixture
def path(server: Server) -> Iterator[Between]:
    """Yield what stands between clients and server, for tests in which it misbehaves."""
    with between(server.port) as standing:
        yield standing


def machine_of(
    server: Server, ada: Person, home: Path, *, port: int | None = None, acknowledges: bool = True
) -> Machine:
    """Sign a program in by authorization code and keep its session in ``home``."""
    given = good(send(server, redeem_send(server.port, authorization_code(ada))))
    [known] = server.rows("SELECT user_id FROM session WHERE id = ?", given["session"])
    at, now = f"http://127.0.0.1:{port or server.port}/oauth", time.time()  # noqa: TID251
    session = Session(
        account=Account(id=known["user_id"], email="ada@example.com"),
        issuer=BASE_URL,
        client_id=CLIENT,
        access_token=given["access_token"],
        refresh_token=given["refresh_token"],
        issued_at=now,
        expires_at=now + given["expires_in"],
        session_id=given["session"],
        generation=given["generation"],
        endpoints=Endpoints(token=f"{at}/token", ack=f"{at}/ack" if acknowledges else None),
    )
    auth_at(home)._runtime().store.put(session, pin=True)
    return Machine(server, home, given["session"])


@pytest.mark.proves("K-24", "S-30", "S-33", "S-35")
def test_64_processes_make_one_step_an_expiry_and_a_token_two_generations_old_ends_it(
    server: Server, ada: Person, tmp_path: Path, tell: Tell
) -> None:
    machine = machine_of(server, ada, tmp_path / "home")
    with crowd(CROWD, asking(machine.home)) as everybody:
        spent = []
        for number in range(1, ROUNDS + 1):
            spent.append(machine.expire())
            got = everybody.ask()
            assert {one.error for one in got} == {None}
            assert {one.token for one in got} == {machine.stored().access_token}
            assert machine.steps() == ["session.refreshed"] * number
            assert machine.row() == {
                "generation": number,
                "siblings_made": 0,
                "acknowledged": 1,
                "ended_at": None,
            }
        tell(f"{CROWD} processes, {ROUNDS} expiries: {len(machine.steps())} steps, 0 sign-outs")
        stolen = send(server, refresh_send(server.port, spent[-2])).json()
        assert stolen["error"] == "invalid_grant"
        assert machine.steps()[ROUNDS:] == ["session.ended", "refresh.reuse"]
        machine.expire()
        ends = everybody.ask()
    told = [one.words for one in ends if one.error == "SESSION_EXPIRED"]
    assert [one.error for one in ends].count("SIGN_IN_REQUIRED") == CROWD - 1
    assert ["old token of it was used again" in words for words in told] == [True]
    assert last_mail(server.data) == f"{BASE_URL}/sessions"


@pytest.mark.proves("S-31")
@pytest.mark.parametrize("own_copy", [True, False], ids=["own copies", "one file"])
def test_eight_programs_without_locks_that_race_are_never_signed_out(
    server: Server, ada: Person, tmp_path: Path, tell: Tell, own_copy: bool
) -> None:
    given = good(send(server, redeem_send(server.port, authorization_code(ada))))
    machine, token = Machine(server, tmp_path, given["session"]), given["refresh_token"]
    file = tmp_path / "token"
    write_foreign(file, token, due=True)
    with crowd(8, foreign(file, server.port, own_copy=own_copy)) as programs:
        for number in range(1, ROUNDS + 1):
            got = programs.ask()
            assert {one.error for one in got} == {None}
            assert len({one.token for one in got} - {token}) == 1
            token = str(got[0].token)
            assert machine.steps() == ["session.refreshed"] * number
            if not own_copy:
                write_foreign(file, token, due=True)
    where = "each with a copy" if own_copy else "on one file"
    tell(f"8 programs without locks {where}, {ROUNDS} races: {ROUNDS} steps, 0 sign-outs")
    assert machine.row()["ended_at"] is None


@pytest.mark.proves("K-24")
def test_everybody_who_waits_gets_the_token_when_the_endpoint_takes_three_seconds(
    server: Server, ada: Person, path: Between, tmp_path: Path, tell: Tell
) -> None:
    machine = machine_of(server, ada, tmp_path / "home", port=path.port)
    machine.expire()

    def slowly() -> bool:
        time.sleep(3)
        return True

    path.answering = slowly
    count = rounds(bounded=16, full=CROWD)
    with crowd(count, asking(machine.home)) as everybody:
        got = everybody.ask()
    assert {one.token for one in got} == {machine.stored().access_token}
    assert (path.grants, machine.steps()) == (1, ["session.refreshed"])
    longest = max(one.seconds for one in got)
    tell(f"{count} processes, an endpoint that takes 3 s: 1 grant, longest wait {longest:.1f} s")


class Held:
    """An answer that is kept back until somebody lets it go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> bool:
        self.reached.set()
        return self.go_on.wait(60)


@pytest.mark.proves("K-22", "K-24", "K-27")
@pytest.mark.parametrize("acknowledges", [True, False], ids=["acknowledged", "silent"])
def test_a_holder_killed_once_the_server_has_rotated_costs_the_waiters_neither_time_nor_session(
    server: Server, ada: Person, path: Between, tmp_path: Path, tell: Tell, acknowledges: bool
) -> None:
    machine = machine_of(server, ada, tmp_path / "home", port=path.port, acknowledges=acknowledges)
    machine.expire()
    path.answering = held = Held()
    with crowd(1, asking(machine.home)) as holder, crowd(8, asking(machine.home)) as waiters:
        holder.begin()
        assert held.reached.wait(30)
        path.answering = lambda: True
        waiters.begin()
        holder.signal(SIGKILL)
        got = waiters.end()
        held.go_on.set()
    assert {one.token for one in got} == {machine.stored().access_token}
    assert path.grants >= 1
    longest = max(one.seconds for one in got)
    assert longest < LOCK_BOUND_SECONDS
    tell(f"a lock's holder killed: 8 of 8 go on, longest wait {longest:.1f} s")
    machine.expire()
    assert auth_at(machine.home).token() == machine.stored().access_token


@pytest.mark.proves("K-22", "K-24", "K-25")
def test_a_holder_that_is_stopped_delays_nobody_beyond_the_bound_and_finishes_when_it_goes_on(
    server: Server, ada: Person, path: Between, tmp_path: Path, tell: Tell
) -> None:
    # By default the waiters' patience passes twenty times as fast; in full it is real.
    haste = rounds(bounded=20, full=1)
    machine = machine_of(server, ada, tmp_path / "home", port=path.port)
    machine.expire()
    before, path.answering = machine.stored(), (held := Held())
    with (
        crowd(1, asking(machine.home)) as holder,
        crowd(8, asking(machine.home, haste=haste)) as waiters,
    ):
        holder.begin()
        assert held.reached.wait(30)
        holder.signal(SIGSTOP)
        held.go_on.set()
        got = waiters.ask()
        assert {one.error for one in got} == {"REFRESH_TRANSIENT"}
        longest = max(one.seconds for one in got)
        assert LOCK_BOUND_SECONDS <= longest < LOCK_BOUND_SECONDS + MARGIN_SECONDS * haste
        assert machine.stored() == before
        holder.signal(SIGCONT)
        [finished] = holder.end()
        assert {one.token for one in waiters.ask()} == {finished.token}
    assert (path.grants, machine.steps()) == (1, ["session.refreshed"])
    tell(f"a lock's holder stopped: 8 of 8 told to try again after {longest:.1f} s, 0 sign-outs")


@pytest.mark.proves("K-27", "K-28", "S-31")
@pytest.mark.parametrize("acknowledges", [True, False], ids=["acknowledged", "silent"])
def test_after_ten_lost_answers_in_a_row_the_program_is_still_signed_in(
    server: Server, ada: Person, path: Between, tmp_path: Path, tell: Tell, acknowledges: bool
) -> None:
    machine = machine_of(server, ada, tmp_path / "home", port=path.port, acknowledges=acknowledges)
    with crowd(1, asking(machine.home)) as program:
        machine.expire()
        [first] = program.ask()  # from now on the server knows that this family acknowledges
        assert first.token is not None
        machine.expire()
        path.answering = lambda: False
        for number in range(1, 11):
            [got] = program.ask()
            assert got.error in ("SERVER_UNREACHABLE", "REFRESH_TRANSIENT")
            assert path.lost == number
        path.answering = lambda: True
        [found] = program.ask()
    assert found.token == machine.stored().access_token
    assert machine.row()["ended_at"] is None
    tell(f"{path.lost} answers lost in a row, {path.grants} grants: still signed in")
    machine.expire()
    assert auth_at(machine.home).token() == machine.stored().access_token
