"""Taking over a token that an older version kept in the system keyring: a real gnome-keyring."""

from pathlib import Path

import pytest

import keyturn
from keyturn.client.clock import monotonic
from keyturn.client.stores.keyring import SecretService
from tests.client.machine_ import Machine
from tests.client.stores.secret_service_ import SecretServiceHere

OLD = "old-raw-token"


@pytest.fixture
def older(secret_service: SecretServiceHere) -> SecretService:
    """Return the keyring as the ``keyring`` package files what an older version gives it."""
    keyring = SecretService("acme", monotonic=monotonic)
    keyring.marks = {"application": "Python keyring library"}
    keyring.write("api", OLD)
    return keyring


def auth(machine: Machine, *, storage: str = "auto") -> keyturn.Auth:
    return keyturn.Auth(
        "acme",
        issuer="https://id.example",
        client_id="acme-cli",
        home=str(machine.home),
        effects=machine.effects,
        storage=storage,
        legacy=keyturn.LegacyKeyring("acme", "api"),
    )


@pytest.mark.proves("K-65")
def test_a_token_from_the_keyring_stays_in_the_keyring(
    machine: Machine, older: SecretService
) -> None:
    older.write("another", "kept")
    assert auth(machine).has_session()
    assert auth(machine).token() == OLD
    (session,) = auth(machine).sessions()
    assert session.storage == "keyring"
    assert OLD not in (machine.home / "session.json").read_text()
    assert (older.read("api"), older.read("another")) == (None, "kept")
    assert auth(machine).migrate().result == "already_done"
    assert machine.warnings == []


def test_who_asked_for_a_file_gets_a_file(machine: Machine, older: SecretService) -> None:
    assert auth(machine, storage="file").token() == OLD
    (session,) = auth(machine, storage="file").sessions()
    assert session.storage == "file"
    assert older.read("api") is None


@pytest.mark.proves("K-65")
def test_behind_a_locked_keyring_the_token_counts_and_stays(
    machine: Machine, older: SecretService, secret_service: SecretServiceHere
) -> None:
    secret_service.lock()
    assert auth(machine).has_session()
    with pytest.raises(keyturn.StoreLocked):
        auth(machine).token()
    assert auth(machine).migrate().result == "legacy_unreadable"
    assert not (machine.home / "session.json").exists()


def test_where_there_is_no_keyring_nobody_was_signed_in(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert not auth(machine).has_session()
    with pytest.raises(keyturn.SignInRequired):
        auth(machine).token()
    assert machine.warnings == []


@pytest.mark.proves("K-65", "K-27")
def test_a_new_record_that_did_not_survive_is_written_anew_from_the_old_place(
    machine: Machine, older: SecretService, tmp_path: Path
) -> None:
    auth(machine).token()
    # As after a power cut before the marker: the file is there, the keyring forgot its newest item.
    for marker in machine.home.glob("migrated-*.json"):
        marker.unlink()
    ours = SecretService("keyturn:acme", monotonic=monotonic)
    for user in ours.users():
        ours.delete(user)
    older.write("api", OLD)
    assert auth(machine).token() == OLD
    assert older.read("api") is None
