"""kill -9 of a busy server, again and again: nothing acknowledged is lost, nothing ended returns.

Clients note what they are told. After each restart every note of that life is checked, and at the
end every note of all lives.
"""

import time
from pathlib import Path
from random import SystemRandom

import pytest

from tests.faults.checks_ import check, check_passwords
from tests.faults.journal_ import Journal
from tests.faults.load_ import Load
from tests.faults.quick_server_ import quick_server
from tests.faults.servers_ import assert_no_surprise
from tests.faults.steps_ import signed_up
from tests.requirements_ import rounds

ROUNDS = rounds(bounded=12, ci=20, full=200)
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
            load = Load(server.port, browsers)
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
        assert server.rows("PRAGMA integrity_check")[0]["integrity_check"] == "ok"
        assert server.rows("PRAGMA foreign_key_check") == []
