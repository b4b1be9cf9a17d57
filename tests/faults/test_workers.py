"""Several processes behind one socket, on PostgreSQL, under load: one is killed, then all drain."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checks_ import check, check_passwords
from tests.faults.load_ import DEAD, Load, Prompt, PutOff
from tests.faults.quick_server_ import quick_server
from tests.faults.servers_ import Server, assert_no_surprise, serving
from tests.faults.steps_ import signed_up
from tests.postgres_ import Cluster, cluster
from tests.requirements_ import rounds
from tests.server.person_ import Person

pytestmark = pytest.mark.sweep

WORKERS = 2
ROUNDS = rounds(bounded=1, ci=5, full=50)
TOLD = rounds(bounded=20, full=60)
LONG_SECONDS = 60


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


def workers(server: Server) -> list[int]:
    """Return the processes that serve."""
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in children.split()]


def browser(server: Server, number: int) -> Person:
    """Sign somebody up who does not wait when put off."""
    person = signed_up(server, f"browser{number}@example.com")
    person.server = Prompt(server)
    return person


def kill_one(server: Server) -> None:
    """End one of the processes as a crash does; return once another has taken its place."""
    before = workers(server)
    os.kill(before[0], signal.SIGKILL)
    deadline = time.monotonic() + LONG_SECONDS
    while len(now := workers(server)) < WORKERS or before[0] in now:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.02)
    assert before[1] in now


def drain(server: Server) -> int:
    """Ask the processes to end as a service manager does; return the exit status."""
    server.process.send_signal(signal.SIGTERM)
    server.process.communicate(timeout=LONG_SECONDS)
    return server.process.returncode


@pytest.mark.proves("S-0b", "S-30")
def test_a_worker_that_is_killed_is_replaced_and_all_drain_and_nothing_acknowledged_is_lost(
    durable: Cluster, tmp_path: Path
) -> None:
    url = durable.create()
    with serving(tmp_path / "data", database=url, workers=str(WORKERS)) as [server]:
        people = [browser(server, number) for number in range(3)]
        for number in range(ROUNDS):
            if number:
                server.restart()
            load = Load(server.port, people, (*DEAD, PutOff))
            load.until_told(TOLD)
            kill_one(server)
            # Its connections are gone; whoever connects now is answered by those that are there.
            more = Load(server.port, people, (*DEAD, PutOff))
            more.until_told(TOLD)
            assert drain(server) == 0
            journals = [load.stop(), more.stop()]
            with quick_server(server.data, url) as afterwards:
                for journal in journals:
                    assert len(journal) >= TOLD
                    check(afterwards, journal)
                    check_passwords(afterwards, list(journal.passwords)[:2])
        assert_no_surprise(server.log)
