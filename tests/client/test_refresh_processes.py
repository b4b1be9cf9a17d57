"""Renewal across processes, against an endpoint that ends the session when a token is reused."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer
from tests.issuers_.issuer_ import Issuer

CROWD = Path(__file__).with_name("crowd_.py")
ROOT = Path(__file__).resolve().parents[2]


def start(machine: Machine, issuer: Issuer, count: int) -> subprocess.Popen[str]:
    """Start ``count`` processes that ask for a token together."""
    return subprocess.Popen(
        [sys.executable, str(CROWD), str(machine.home), issuer.url, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
        start_new_session=True,
    )


def outcomes(crowd: subprocess.Popen[str]) -> list[dict[str, str]]:
    """Wait for a crowd and return what each process got."""
    out, err = crowd.communicate(timeout=60)
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.proves("K-24")
def test_32_processes_and_one_expired_token_make_one_grant_and_get_the_same_token(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    got = outcomes(start(machine, issuer, 32))
    assert got == [{"token": f"a-{family.id}-1"}] * 32
    assert len(issuer.grants()) == 1
    assert not family.ended


@pytest.mark.proves("K-24")
def test_waiters_succeed_when_the_endpoint_takes_three_seconds(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)

    def slowly() -> None:
        time.sleep(3)

    issuer.before_refresh = slowly
    got = outcomes(start(machine, issuer, 16))
    assert got == [{"token": f"a-{family.id}-1"}] * 16
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-24", "K-22")
def test_a_holder_killed_in_the_middle_of_its_grant_delays_nobody(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    reached, go_on = threading.Event(), threading.Event()

    def hang() -> Answer:
        reached.set()
        go_on.wait(20)
        return Answer(503)

    issuer.before_refresh = hang
    doomed = start(machine, issuer, 1)
    assert reached.wait(20)
    issuer.before_refresh = lambda: None
    waiting = start(machine, issuer, 8)
    os.killpg(doomed.pid, signal.SIGKILL)
    doomed.communicate()
    killed_at = time.monotonic()
    got = outcomes(waiting)
    go_on.set()
    assert got == [{"token": f"a-{family.id}-1"}] * 8
    assert time.monotonic() - killed_at < 5
    assert len(issuer.grants()) == 2


@pytest.mark.proves("K-24")
def test_threads_of_one_process_make_one_grant(issuer: Issuer, machine: Machine) -> None:
    _, family = machine.signed_in(issuer, due=True)
    auth = machine.auth(issuer)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(auth.token())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [f"a-{family.id}-1"] * 16
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-24", "K-28")
def test_of_many_processes_that_meet_an_ended_session_one_asks_and_none_crashes(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    family.ended = True
    got = outcomes(start(machine, issuer, 8))
    assert sorted(outcome["error"] for outcome in got) == [
        *["SESSION_EXPIRED"],
        *["SIGN_IN_REQUIRED"] * 7,
    ]
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-28", "K-63")
def test_many_processes_that_meet_a_server_that_is_gone_all_stay_signed_in(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    issuer.stop()
    assert outcomes(start(machine, issuer, 8)) == [{"error": "SERVER_UNREACHABLE"}] * 8
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
