"""The system keyring: a real Secret Service, and a fake backend for macOS and Windows."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from keyturn.client.stores.keyring import SecretService, open_keyring
from keyturn.client.stores.keyring_backend import LIMIT_CHARACTERS, BackendKeyring
from keyturn.protocol.errors import (
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)
from tests.client.stores.secret_service_ import SecretServiceHere

SERVICE = "keyturn:acme"
USER = "issuer/ada/1"
# Some seconds above the limit of one operation; what hangs would take for ever.
SOON = 8.0

on_a_bus = pytest.mark.xdist_group("secret-service")


@pytest.fixture
def keyring(secret_service: SecretServiceHere) -> SecretService:
    """Return the keyring under test."""
    opened = open_keyring(SERVICE, monotonic=time.monotonic)
    assert isinstance(opened, SecretService)
    return opened


@on_a_bus
def test_a_secret_is_kept_found_by_its_user_name_listed_and_forgotten(
    keyring: SecretService,
) -> None:
    keyring.check()
    assert keyring.read(USER) is None
    keyring.write(USER, "first")
    keyring.write(USER, "second")
    keyring.write("issuer/bob/2", "other")
    assert keyring.read(USER) == "second"
    assert sorted(keyring.users()) == [USER, "issuer/bob/2"]
    keyring.delete(USER)
    keyring.delete(USER)
    assert keyring.read(USER) is None
    assert keyring.users() == ["issuer/bob/2"]


@on_a_bus
@pytest.mark.proves("K-1c")
def test_the_names_under_which_a_secret_is_found_are_these(
    keyring: SecretService, secret_service: SecretServiceHere
) -> None:
    keyring.write(USER, "first")
    found = secret_service.secret_tool("lookup", "service", "keyturn:acme", "username", USER)
    assert found == "first"


@on_a_bus
@pytest.mark.proves("K-5")
def test_a_locked_keyring_is_told_from_an_absent_secret_and_opens_no_dialog(
    keyring: SecretService, secret_service: SecretServiceHere
) -> None:
    keyring.write(USER, "first")
    secret_service.lock()
    began = time.monotonic()
    calls: list[Callable[[], object]] = [
        keyring.check,
        lambda: keyring.read(USER),
        lambda: keyring.write(USER, "x"),
        lambda: keyring.delete(USER),
    ]
    for call in calls:
        with pytest.raises(StoreLocked) as caught:
            call()
        assert caught.value.exit_status == 75
    assert keyring.read("issuer/eve/1") is None
    with pytest.raises((StoreLocked, StoreUnavailable)):
        keyring.unlock()  # Nobody is there who could show the dialog.
    assert time.monotonic() - began < SOON


@on_a_bus
@pytest.mark.proves("K-5")
def test_a_keyring_that_hangs_is_waited_for_no_longer_than_the_deadline(
    keyring: SecretService, secret_service: SecretServiceHere
) -> None:
    keyring.write(USER, "first")
    secret_service.stop()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        keyring.read(USER)
    assert time.monotonic() - began < SOON
    secret_service.go_on()
    assert keyring.read(USER) == "first"


@on_a_bus
@pytest.mark.proves("K-5")
def test_a_bus_that_has_gone_and_a_bus_that_never_was_are_typed_errors(
    keyring: SecretService, secret_service: SecretServiceHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_service.close()
    with pytest.raises(StoreUnavailable):
        keyring.read(USER)
    for address in ("unix:path=/nowhere", "nonsense", "tcp:host=127.0.0.1,port=1"):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with pytest.raises(StoreUnavailable):
            keyring.check()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with pytest.raises(StoreUnavailable, match="No keyring was found"):
        open_keyring(SERVICE, monotonic=time.monotonic)


def test_without_a_session_bus_no_keyring_library_is_loaded() -> None:
    code = """
import sys, time
from keyturn.client.stores.keyring import open_keyring
try:
    open_keyring("keyturn:acme", monotonic=time.monotonic)
except Exception as error:
    print(error.code, "jeepney" in sys.modules, "keyring" in sys.modules)
"""
    environ = {k: v for k, v in os.environ.items() if k != "DBUS_SESSION_BUS_ADDRESS"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["STORE_UNAVAILABLE", "False", "False"]


# -- macOS and Windows ----------------------------------------------------------------------------


class KeyringLocked(Exception):
    """Named as in ``keyring.errors``."""


class PasswordSetError(Exception):
    """Named as in ``keyring.errors``."""


class PasswordDeleteError(Exception):
    """Named as in ``keyring.errors``."""


class FakeBackend:
    """A backend with Windows' limit, which fails or hangs on demand."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.written: list[str] = []
        self.failing: Exception | None = None
        self.room = 1000
        self.hangs = threading.Event()
        self.hangs.set()

    def get_password(self, service: str, username: str) -> str | None:
        self._stumble()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._stumble()
        if len(password) > LIMIT_CHARACTERS or len(self.kept) >= self.room:
            raise PasswordSetError(password)
        self.written.append(username)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._stumble()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError

    def _stumble(self) -> None:
        self.hangs.wait()
        if self.failing is not None:
            raise self.failing


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.mark.proves("K-5")
@pytest.mark.parametrize("length", [1, 1280, 1281, 2560, 5000])
def test_a_secret_beyond_the_limit_comes_back_whole_and_leaves_nothing(
    backend: FakeBackend, length: int
) -> None:
    keyring = BackendKeyring(SERVICE, backend)
    secret = ("abcdefghij" * 500)[:length]
    keyring.write(USER, secret)
    assert keyring.read(USER) == secret
    assert backend.written[-1] == USER, "what names the pieces is written last"
    keyring.delete(USER)
    keyring.delete(USER)
    assert backend.kept == {}
    assert keyring.read(USER) is None
    assert keyring.users() == []


@pytest.mark.proves("K-5")
def test_a_secret_that_looks_like_a_list_of_pieces_is_still_itself(backend: FakeBackend) -> None:
    keyring = BackendKeyring(SERVICE, backend)
    keyring.write(USER, "keyturn-pieces:3")
    assert keyring.read(USER) == "keyturn-pieces:3"


@pytest.mark.proves("K-5", "K-7")
def test_a_write_that_fails_half_way_leaves_no_pieces(backend: FakeBackend) -> None:
    keyring = BackendKeyring(SERVICE, backend)
    backend.room = 2
    with pytest.raises(StoreWriteFailed) as caught:
        keyring.write(USER, "s" * 5000)
    assert backend.kept == {}
    assert "sss" not in str(caught.value)


def test_a_missing_piece_is_a_typed_read_error(backend: FakeBackend) -> None:
    keyring = BackendKeyring(SERVICE, backend)
    keyring.write(USER, "s" * 5000)
    del backend.kept[SERVICE, f"{USER}#1"]
    with pytest.raises(StoreReadFailed):
        keyring.read(USER)


@pytest.mark.proves("K-5")
def test_a_backend_that_hangs_is_left_behind_at_the_deadline(backend: FakeBackend) -> None:
    keyring = BackendKeyring(SERVICE, backend, call_seconds=0.05)
    backend.hangs.clear()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        keyring.read(USER)
    backend.hangs.set()


@pytest.mark.proves("K-5")
def test_what_a_backend_raises_becomes_an_error_of_ours(backend: FakeBackend) -> None:
    keyring = BackendKeyring(SERVICE, backend)
    backend.failing = KeyringLocked("secret")
    with pytest.raises(StoreLocked):
        keyring.check()
    backend.failing = OSError("secret")
    with pytest.raises(StoreUnavailable) as caught:
        keyring.unlock()
    assert "secret" not in str(caught.value)
