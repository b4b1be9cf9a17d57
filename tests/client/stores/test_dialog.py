"""The one dialog that may be shown: at a sign-in, for a locked keyring; a real gnome-keyring's."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from keyturn.client.stores.keyring import SecretService
from keyturn.protocol.errors import StoreLocked
from tests.client.stores.prompter_ import Prompter
from tests.client.stores.secret_service_ import SecretServiceHere

pytestmark = pytest.mark.xdist_group("secret-service")
SOON = 8.0  # seconds; a dialog that is waited for would take 60


@pytest.fixture
def locked(secret_service: SecretServiceHere) -> SecretServiceHere:
    """Return a running Secret Service whose keyring is locked."""
    secret_service.lock()
    return secret_service


def keyring(**options: float) -> SecretService:
    """Return the keyring under test."""
    return SecretService("keyturn:acme", monotonic=time.monotonic, **options)


@pytest.mark.proves("K-5")
def test_a_dialog_that_is_answered_unlocks_and_goes_away(locked: SecretServiceHere) -> None:
    with Prompter(locked.address, answer="password") as person:
        keyring().unlock()
        assert person.shown.is_set()
        assert person.closed.wait(SOON)
    keyring().check()
    keyring().write("issuer/ada/1", "first")


@pytest.mark.proves("K-5")
def test_a_dialog_that_is_cancelled_is_a_locked_keyring(locked: SecretServiceHere) -> None:
    with Prompter(locked.address, answer="cancel") as person:
        with pytest.raises(StoreLocked) as caught:
            keyring().unlock()
        assert person.shown.is_set()
    assert caught.value.exit_status == 75


@pytest.mark.proves("K-5")
def test_a_dialog_that_nobody_answers_is_waited_for_no_longer_and_the_keyring_lives_on(
    locked: SecretServiceHere,
) -> None:
    with Prompter(locked.address, answer="") as person:
        began = time.monotonic()
        with pytest.raises(StoreLocked):
            keyring(dialog_seconds=1.0).unlock()
        assert 1.0 <= time.monotonic() - began < SOON
        assert person.shown.is_set()
    with pytest.raises(StoreLocked):
        keyring().check()


@pytest.mark.proves("K-5")
def test_nothing_but_unlocking_shows_a_dialog(locked: SecretServiceHere) -> None:
    with Prompter(locked.address, answer="password") as person:
        calls: list[Callable[[], object]] = [
            keyring().check,
            lambda: keyring().write("issuer/ada/1", "x"),
            lambda: keyring().read("issuer/ada/1"),
        ]
        for call in calls:
            try:
                call()
            except StoreLocked:
                continue
        assert not person.shown.is_set()
    with pytest.raises(StoreLocked):
        keyring().check()


@pytest.mark.proves("K-5")
def test_ctrl_c_ends_the_wait_at_once_and_the_keyring_lives_on(locked: SecretServiceHere) -> None:
    code = """
import time
from keyturn.client.stores.keyring import SecretService
try:
    SecretService("keyturn:acme", monotonic=time.monotonic).unlock()
except KeyboardInterrupt:
    print("interrupted")
"""
    with Prompter(locked.address, answer="") as person:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert person.shown.wait(SOON)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=SOON)
    assert printed == "interrupted\n"
    with pytest.raises(StoreLocked):
        keyring().check()
