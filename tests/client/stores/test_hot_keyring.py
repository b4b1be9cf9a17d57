"""A token in the keyring, the shortest way: as fast as it can be read, or left to the long way."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn import client as hot
from keyturn.client.auth import Auth
from keyturn.client.hot_keyring import _Bus
from keyturn.client.stores.keyring import open_keyring
from keyturn.protocol.errors import StoreCorrupt, StoreLocked, StoreReadFailed, StoreUnavailable
from tests.client.stores.secret_service_ import SecretServiceHere
from tests.contracts.token_store import CLIENT_ID, ISSUER, make_session

on_a_bus = pytest.mark.xdist_group("secret-service")

NOW = 1_000_000_000.0
FAR = 4_000_000_000.0

SCRIPT = f"""
import sys
import keyturn
print(keyturn.Auth("acme", issuer={ISSUER!r}, client_id={CLIENT_ID!r}, storage="keyring").token())
print(*sorted(sys.modules))
"""


@pytest.fixture
def auth(tmp_path: Path, secret_service: SecretServiceHere) -> Auth:
    """Return an Auth whose one session lies in the keyring whole, and is valid."""
    made = Auth(
        "acme", issuer=ISSUER, client_id=CLIENT_ID, storage="keyring", home=str(tmp_path / "home")
    )
    session = make_session(issued_at=FAR - 600, expires_at=FAR, storage="keyring")
    made._runtime().store.put(session, pin=True)
    return made


def slot_of(auth: Auth) -> str:
    """Return what the session's secret is filed under."""
    session = auth._runtime().store.index().sessions["ada"]
    assert session.slot is not None
    return session.slot.user


@on_a_bus
@pytest.mark.proves("K-70")
def test_a_token_in_the_keyring_is_printed_without_json_and_without_a_d_bus_library(
    auth: Auth,
) -> None:
    assert auth.home is not None
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "ACME_HOME": auth.home},
        capture_output=True,
        text=True,
        check=True,
    )
    token, modules = run.stdout.splitlines()
    assert token == "a1"
    assert "keyturn.client.hot_keyring" in modules.split()
    costly = {"jeepney", "keyring", "json", "re", "typing", "dataclasses", "keyturn.client.runtime"}
    assert not costly & set(modules.split())


@on_a_bus
@pytest.mark.proves("K-5", "K-70")
def test_a_locked_keyring_is_left_to_the_long_way_and_opens_no_dialog(
    auth: Auth, secret_service: SecretServiceHere
) -> None:
    secret_service.lock()
    assert hot.valid_token(auth, None, NOW) is None
    with pytest.raises(StoreLocked):
        auth.token()


@on_a_bus
@pytest.mark.proves("K-5", "K-70")
def test_a_keyring_that_hangs_holds_the_shortest_way_for_half_a_second_at_most(
    auth: Auth, secret_service: SecretServiceHere
) -> None:
    secret_service.stop()
    try:
        before = time.monotonic()
        assert hot.valid_token(auth, None, NOW) is None
        assert time.monotonic() - before < 2.5  # On a machine as busy as may be.
    finally:
        secret_service.go_on()


@on_a_bus
@pytest.mark.proves("K-1a", "K-70")
def test_what_is_not_what_the_file_says_is_never_served(auth: Auth) -> None:
    other = '{"access_token":"stolen","refresh_token":"r1"}'
    open_keyring("keyturn:acme", monotonic=time.monotonic).write(slot_of(auth), other)
    assert hot.valid_token(auth, None, NOW) is None
    with pytest.raises(StoreCorrupt):
        auth.token()


@on_a_bus
@pytest.mark.proves("K-10", "K-70")
def test_a_secret_that_is_gone_is_left_to_the_long_way(auth: Auth) -> None:
    open_keyring("keyturn:acme", monotonic=time.monotonic).delete(slot_of(auth))
    assert hot.valid_token(auth, None, NOW) is None
    with pytest.raises(StoreReadFailed):
        auth.token()


@on_a_bus
@pytest.mark.proves("K-70")
def test_a_keyring_that_has_ended_is_left_to_the_long_way(
    auth: Auth, secret_service: SecretServiceHere
) -> None:
    secret_service.end()
    assert hot.valid_token(auth, None, NOW) is None
    with pytest.raises(StoreUnavailable):
        auth.token()


@on_a_bus
@pytest.mark.proves("K-70")
@pytest.mark.parametrize(
    "address", ["", "unix:", "unix:path=/nowhere", "unix:path=/a%20b", "tcp:host=x,port=1", "x"]
)
def test_a_bus_that_cannot_be_reached_the_plain_way_is_left_to_the_long_way(
    auth: Auth, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert hot.valid_token(auth, None, NOW) is None


@on_a_bus
@pytest.mark.proves("K-20", "K-70")
def test_the_keyring_is_not_asked_for_a_token_that_is_due(
    auth: Auth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen()
        listener.setblocking(False)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        assert hot.valid_token(auth, None, FAR) is None
        with pytest.raises(BlockingIOError):
            listener.accept()


@given(st.binary(max_size=200), st.booleans())
@pytest.mark.proves("K-70")
def test_whatever_a_bus_says_ends_in_an_answer_or_in_an_error_that_is_known(
    said: bytes, greeted: bool
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((b"OK 1234\r\n" if greeted else b"") + said)
        theirs.close()
        try:
            _Bus(ours).answer(2)
        except (OSError, ValueError):
            return
    assert greeted
