"""kill -9 of a busy server, again and again: nothing acknowledged is lost, nothing ended returns.

Clients note what they are told. After each restart every note of that life is checked, and at the
end every note of all lives.
"""

import time
from pathlib import Path
from random import SystemRandom

import httpx2
import pytest

from tests.faults.journal_ import Family, Guest, Journal
from tests.faults.load_ import Load
from tests.faults.quick_server_ import QuickServer, quick_server
from tests.faults.servers_ import assert_no_surprise
from tests.faults.steps_ import refresh_send, rows, send, signed_up, stack
from tests.requirements_ import rounds
from tests.server.person_ import PASSWORD

ROUNDS = rounds(bounded=20, full=200)
# How much a server gets to acknowledge before it is killed.
SHORTEST_LIFE, LONGEST_LIFE = 5, 60


@pytest.mark.sweep
@pytest.mark.proves("S-0b", "S-21", "S-26", "S-30")
def test_after_a_kill_every_acknowledged_session_lives_and_every_ended_one_is_dead(
    tmp_path: Path,
) -> None:
    everything, chance = Journal(), SystemRandom()
    with quick_server(tmp_path / "data") as server:
        browsers = [signed_up(server, f"browser{i}@example.com") for i in range(3)]
        for _ in range(ROUNDS):
            load = Load(server, server.port, browsers)
            load.until_told(chance.randint(SHORTEST_LIFE, LONGEST_LIFE))
            time.sleep(chance.uniform(0, 0.01))  # so that the kill meets every stage of a request
            server.kill()
            journal = load.stop()
            server.start()
            check(server, journal)
            everything.families += journal.families
            everything.guests += journal.guests
            everything.passwords |= journal.passwords
        check(server, everything)
        check_passwords(server, list(everything.passwords)[:: max(1, ROUNDS // 10)])
        print(f"{ROUNDS} kills, {len(everything)} acknowledged facts")
        assert len(everything) > ROUNDS * 10
        assert_no_surprise(server.log)
        assert rows(server.data, "PRAGMA integrity_check")[0][0] == "ok"
        assert rows(server.data, "PRAGMA foreign_key_check") == []


def check(server: QuickServer, journal: Journal) -> None:
    for guest in journal.guests:
        check_guest(server, guest)
    for family in journal.families:
        check_family(server, family)


def check_guest(server: QuickServer, guest: Guest) -> None:
    answer = stack(server, "/auth/sessions/current/refresh", refresh_token=guest.refresh_token)
    if guest.ended:
        assert answer.status_code == 401, answer.text
    elif not guest.ending:
        assert answer.status_code == 200, answer.text
    guest.ended = answer.status_code != 200


def check_family(server: QuickServer, family: Family) -> None:
    row = rows(server.data, "SELECT generation, ended_at FROM session WHERE id = ?", family.id)[0]
    answer = send(server, refresh_send(server.port, family.refresh_token))
    if family.ended:
        assert answer.json()["error"] == "invalid_grant"
        assert row["ended_at"] is not None
        return
    if family.ending and row["ended_at"] is not None:
        family.ended = True
        return
    assert row["ended_at"] is None
    if answer.status_code != 200:
        assert_the_answer_was_lost(family, row["generation"], answer)
        family.ending = True  # whatever follows belongs to whoever holds the successor
        return
    assert answer.json()["generation"] == family.generation + 1
    family.refresh_token = answer.json()["refresh_token"]
    family.generation += 1
    family.refreshing = family.ending = False


def assert_the_answer_was_lost(family: Family, generation: int, answer: httpx2.Response) -> None:
    """Only a refresh that was under way may have used the token up, and by one step."""
    assert answer.json()["error"] == "invalid_grant"
    assert family.refreshing
    assert generation == family.generation + 1


def check_passwords(server: QuickServer, emails: list[str]) -> None:
    for email in emails:
        body = {"email": email, "password": PASSWORD}
        assert stack(server, "/auth/password/sign-in", body).status_code == 200
