"""Stopped between a grant and its storing, against a server that takes each refresh token once."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keyturn.client.interrupts import put_off
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer
from tests.issuers_.issuer_ import CLIENT_ID, Issuer

ROOT = Path(__file__).resolve().parents[2]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# Whoever runs the tests may have been started with some of these ignored.
PROGRAM = """
import signal, sys
import keyturn
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
home, issuer, client_id = sys.argv[1:]
print(keyturn.Auth("acme", issuer=issuer, client_id=client_id, home=home).token())
"""


def start(machine: Machine, issuer: Issuer) -> subprocess.Popen[str]:
    """Start a program that asks for a token."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(machine.home), issuer.url, CLIENT_ID],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.proves("K-23", "K-27")
@pytest.mark.parametrize("number", ENDING, ids=["ctrl-c", "terminated", "terminal closed"])
def test_stopped_while_its_grant_is_answered_a_program_stores_the_session_and_then_ends(
    issuer: Issuer, machine: Machine, number: signal.Signals
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    rotated, go_on = threading.Event(), threading.Event()

    def hold_back() -> Answer | None:
        rotated.set()
        assert go_on.wait(20)
        return None

    issuer.after_refresh = hold_back
    process = start(machine, issuer)
    assert rotated.wait(20)
    process.send_signal(number)  # Taken before the process can see another byte.
    go_on.set()
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (-number, "")

    issuer.after_refresh = lambda: None
    auth = machine.auth(issuer)
    assert auth.token() == f"a-{family.id}-1"
    auth.refresh()
    assert (family.generation, family.ended) == (2, False)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_handed_on_when_the_block_is_done_even_where_that_failed(
    number: signal.Signals,
) -> None:
    heard: list[object] = []

    def handler(number: int, frame: object) -> None:
        heard.append(number)

    before = signal.signal(number, handler)
    try:
        with contextlib.suppress(LookupError), put_off():
            signal.raise_signal(number)
            signal.raise_signal(number)
            heard.append("the block")
            raise LookupError
        assert heard == ["the block", number]
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


def test_what_a_program_ignores_stays_ignored_and_other_threads_put_nothing_off() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with put_off():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    handlers: list[object] = []
    usual = signal.getsignal(signal.SIGINT)

    def elsewhere() -> None:
        with put_off():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert handlers == [usual]
