"""Sessions in two tiers, on a real Secret Service: policies, crashes, a keyring that is gone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.client.effects import Effects
from keyturn.client.stores import keyring as keyrings
from keyturn.client.stores.atomic import replace_private
from keyturn.client.stores.base import SessionStore
from keyturn.client.stores.tiered import TieredStore
from keyturn.protocol.errors import (
    SignInRequired,
    StoreCorrupt,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)
from keyturn.protocol.tokens import Session
from tests.client.machine_ import Machine
from tests.client.stores.secret_service_ import SecretServiceHere
from tests.contracts.token_store import CLIENT_ID, ISSUER, TokenStoreContract, make_session
from tests.issuers_.issuer_ import Issuer

pytestmark = pytest.mark.xdist_group("secret-service")


def tiered_store(home: Path, warnings: list[str] | None = None) -> TieredStore:
    """Return acme's store in ``home``, on whatever keyring there is."""
    told = warnings if warnings is not None else []
    return TieredStore(
        str(home),
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_key=f"{ISSUER} {CLIENT_ID}",
        effects=Effects(now=lambda: 1_800_000_000.0, warn=told.append),
        open_keyring=lambda: keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic),
    )


def users() -> list[str]:
    """Return the user names that have a secret in the keyring."""
    return keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic).users()


def user_of(session: Session | None) -> str:
    """Return the slot of a session that has one."""
    assert session is not None
    assert session.slot is not None
    return session.slot.user


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state" / "acme"


class TestTieredStoreOnASecretService(TokenStoreContract):
    @pytest.fixture
    def store(self, home: Path, secret_service: SecretServiceHere) -> SessionStore:
        return tiered_store(home)


class StrictStore(TieredStore):
    """Keeps every session strictly in the keyring, and says of it what the caller asked for."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            str(home),
            issuer=ISSUER,
            client_id=CLIENT_ID,
            client_key=f"{ISSUER} {CLIENT_ID}",
            effects=Effects(now=lambda: 1_800_000_000.0),
            open_keyring=lambda: keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic),
        )
        self.asked: dict[str, str] = {}

    def put(self, session: Session, *, pin: bool) -> Session:
        self.asked[session.account.id] = session.storage
        return self._told(super().put(replace(session, storage="keyring"), pin=pin))

    def put_first(self, session: Session) -> Session | None:
        self.asked.setdefault(session.account.id, session.storage)
        first = super().put_first(replace(session, storage="keyring"))
        return first and self._told(first)

    def replace(self, old: Session, new: Session) -> Session | None:
        kept = super().replace(old, replace(new, storage="keyring"))
        return kept and self._told(kept)

    def load(self, account_id: str) -> Session | None:
        loaded = super().load(account_id)
        return loaded and self._told(loaded)

    def _told(self, session: Session) -> Session:
        return replace(session, storage=self.asked[session.account.id])


class TestStrictStoreOnASecretService(TokenStoreContract):
    @pytest.fixture
    def store(self, home: Path, secret_service: SecretServiceHere) -> Iterator[SessionStore]:
        yield StrictStore(home)
        path = home / "session.json"
        assert not path.exists() or '"access_token":"' not in path.read_text()


class TestTieredStoreWithoutAKeyring(TokenStoreContract):
    @pytest.fixture
    def store(self, home: Path) -> SessionStore:
        return tiered_store(home)


@pytest.mark.proves("K-2")
@pytest.mark.parametrize("policy", ["auto", "keyring", "file"])
def test_each_policy_keeps_the_tokens_where_it_says(
    home: Path, secret_service: SecretServiceHere, policy: str
) -> None:
    store = tiered_store(home)
    store.check(policy)
    stored = store.put(
        make_session(access_token="access-1", refresh_token="refresh-1", storage=policy), pin=True
    )
    text = (home / "session.json").read_text()
    assert ("access-1" in text, "refresh-1" in text) == {
        "auto": (True, False),
        "keyring": (False, False),
        "file": (True, True),
    }[policy]
    assert len(users()) == (0 if policy == "file" else 1)
    assert store.load("ada") == stored
    assert store.index().sessions["ada"].storage == policy
    assert store.fallback is None
    store.remove("ada")
    assert users() == []
    assert "leftovers" not in (home / "session.json").read_text()


@pytest.mark.proves("K-2")
def test_changing_the_policy_at_a_sign_in_moves_the_secret_and_empties_its_old_place(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    for policy, kept in (("file", 0), ("auto", 1), ("keyring", 1), ("file", 0)):
        stored = store.put(make_session(storage=policy), pin=True)
        assert len(users()) == kept
        assert store.load("ada") == stored


@pytest.mark.proves("K-1a")
def test_every_write_uses_a_fresh_slot_and_then_empties_the_old_one(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    first = store.put(make_session(), pin=True)
    second = store.replace(first, make_session(tokens="2"))
    assert users() == [user_of(second)] != [user_of(first)]
    assert user_of(second).endswith("/ada/2")
    assert user_of(store.index().sessions["ada"]) == user_of(second)


@pytest.mark.proves("K-1a", "K-7", "K-27")
def test_a_write_that_fails_at_the_file_leaves_the_old_session_and_no_orphan(
    home: Path, secret_service: SecretServiceHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiered_store(home)
    first = store.put(make_session(), pin=True)

    def full(path: str, content: bytes, *, effects: Effects) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr("keyturn.client.stores.file.replace_private", full)
    with pytest.raises(StoreWriteFailed):
        store.put(make_session(tokens="2"), pin=True)
    assert users() == [user_of(first)]
    assert store.load("ada") == first


@pytest.mark.proves("K-1a", "K-27")
def test_a_disk_that_fails_after_the_rename_does_not_cost_the_new_secret(
    home: Path, secret_service: SecretServiceHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiered_store(home)
    store.put(make_session(), pin=True)

    def half(path: str, content: bytes, *, effects: Effects) -> None:
        replace_private(path, content, effects=effects)
        raise OSError(5, "input/output error")

    monkeypatch.setattr("keyturn.client.stores.file.replace_private", half)
    with pytest.raises(StoreWriteFailed):
        store.put(make_session(tokens="2"), pin=True)
    loaded = store.load("ada")
    assert loaded is not None
    assert (loaded.access_token, loaded.refresh_token) == ("a2", "r2")


@pytest.mark.proves("K-1a", "K-27")
def test_the_slot_of_a_writer_that_was_killed_is_emptied_at_the_next_write(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    first = store.put(make_session(), pin=True)
    prefix = user_of(first).partition("/")[0]
    keyring = keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic)
    keyring.write(f"{prefix}/bob/2", "orphan")
    keyring.write("another-home/bob/2", "not ours")
    second = store.put(make_session(tokens="2"), pin=True)
    assert sorted(users()) == sorted([user_of(second), "another-home/bob/2"])


@pytest.mark.proves("K-1a")
def test_a_secret_that_is_not_the_one_stored_is_damage_not_signed_out(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    stored = store.put(make_session(), pin=True)
    keyring = keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic)
    keyring.write(user_of(stored), "another")
    with pytest.raises(StoreCorrupt):
        store.load("ada")
    assert store.index().ids == ["ada"]


@pytest.mark.proves("K-10")
def test_a_record_whose_secret_is_missing_is_a_read_error_and_can_be_cleared(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    stored = store.put(make_session(), pin=True)
    keyrings.open_keyring("keyturn:acme", monotonic=time.monotonic).delete(user_of(stored))
    with pytest.raises(StoreReadFailed, match="missing"):
        store.load("ada")
    store.remove("ada")
    assert store.index().ids == []


@pytest.mark.proves("K-10")
def test_a_removal_with_a_locked_keyring_says_what_is_left_and_the_next_write_clears_it(
    home: Path, secret_service: SecretServiceHere
) -> None:
    warnings: list[str] = []
    store = tiered_store(home, warnings)
    stored = store.put(make_session(), pin=True)
    secret_service.lock()
    removed = store.remove("ada")
    assert removed is not None
    assert removed.refresh_token is None
    assert "left behind" in warnings[0]
    assert store.index().ids == []
    assert users() == [user_of(stored)]
    secret_service.end()
    secret_service.start()
    new = store.put(make_session("bob"), pin=True)
    assert users() == [user_of(new)]


@pytest.mark.proves("K-5", "K-6")
def test_with_a_locked_keyring_the_index_answers_and_reading_the_secret_is_temporary(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    store.put(make_session(), pin=True)
    secret_service.lock()
    (session,) = store.index().sessions.values()
    assert (session.access_token, session.is_renewable) == ("a1", True)
    with pytest.raises(StoreLocked) as caught:
        store.load("ada")
    assert caught.value.exit_status == 75
    with pytest.raises(StoreLocked):
        store.check("keyring")
    store.check("auto")


@pytest.mark.proves("K-2", "K-7")
def test_the_strict_policy_fails_without_a_keyring_and_keeps_what_was_there(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    stored = store.put(make_session(), pin=True)
    secret_service.lock()
    with pytest.raises(StoreLocked):
        store.put(make_session(tokens="2", storage="keyring"), pin=True)
    secret_service.end()
    secret_service.start()
    assert store.load("ada") == stored
    assert users() == [user_of(stored)]


@pytest.mark.proves("K-2", "K-8", "K-9")
def test_a_keyring_that_was_locked_at_a_write_and_is_back_gets_the_newest_session(
    home: Path, secret_service: SecretServiceHere
) -> None:
    store = tiered_store(home)
    store.put(make_session(), pin=True)
    secret_service.lock()
    in_file = store.put(make_session(tokens="-second"), pin=True)
    assert "is locked" in (store.fallback or "")
    assert in_file.slot is None
    again = store.replace(in_file, replace(in_file, access_token="a-third"))
    assert store.fallback is None, "it is told once"
    secret_service.end()
    secret_service.start()
    assert store.load("ada") == again
    assert again is not None
    back = store.replace(again, replace(again, refresh_token="r-fourth"))
    assert users() == [user_of(back)]
    text = (home / "session.json").read_text()
    assert "r-second" not in text
    assert "r-fourth" not in text
    assert store.load("ada") == back


@pytest.mark.proves("K-2", "K-23")
def test_a_session_that_was_in_the_file_works_on_and_moves_at_its_next_write(
    home: Path, secret_service: SecretServiceHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    store = tiered_store(home)
    in_file = store.put(make_session(), pin=True)
    assert "No keyring was found" in (store.fallback or "")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", secret_service.address)
    assert store.load("ada") == in_file
    moved = store.replace(in_file, make_session(tokens="2"))
    assert users() == [user_of(moved)]


# -- A whole program ------------------------------------------------------------------------------


@pytest.mark.proves("K-2")
def test_the_refresh_token_of_a_sign_in_is_found_by_secret_tool_and_in_no_file(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere
) -> None:
    auth = machine.auth(issuer)
    outcome = auth.login(method="device")
    assert (outcome.session.storage, outcome.session.storage_warning) == ("keyring", None)
    for _ in range(2):
        session = machine.runtime(issuer).store.snapshot().sessions[outcome.session.account_id]
        canary = session.refresh_token
        assert canary
        found = secret_service.secret_tool(
            "lookup", "service", "keyturn:acme", "username", user_of(session)
        )
        assert found == canary
        files = [path for path in machine.home.rglob("*") if path.is_file()]
        assert files
        for path in files:
            assert canary.encode() not in path.read_bytes()
            assert (session.access_token.encode() in path.read_bytes()) == (
                path.name == "session.json"
            )
        machine.ahead += 3600
        auth.token()
    assert machine.warnings == []


@pytest.mark.proves("K-5", "K-28")
def test_a_locked_keyring_serves_a_valid_token_and_is_temporary_once_it_has_ended(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere
) -> None:
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    token = auth.token()
    secret_service.lock()
    machine.ahead += 560  # Due, and valid for some more seconds.
    assert auth.token() == token
    machine.ahead += 60
    with pytest.raises(StoreLocked) as caught:
        auth.token()
    assert caught.value.exit_status == 75
    assert auth.session() is not None
    secret_service.end()
    with pytest.raises(StoreUnavailable):
        auth.token()
    secret_service.start()
    assert auth.token() != token


@pytest.mark.proves("K-2")
@pytest.mark.parametrize("storage", ["auto", "keyring"])
def test_a_session_in_the_keyring_is_renewed_switched_to_and_signed_out(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere, storage: str
) -> None:
    session, _ = machine.signed_in(issuer, due=True, storage=storage)
    auth = machine.auth(issuer)
    assert auth.has_session()
    token = auth.token()
    assert token != session.access_token
    assert auth.token() == token
    assert auth.token_instead_of(token) != token
    assert auth.refresh().has_refresh_token
    (info,) = auth.sessions()
    assert info.storage_policy == storage
    assert (info.storage, info.has_refresh_token, info.is_default) == ("keyring", True, True)
    auth.switch(session.account.id)
    assert auth.logout().revoked == "revoked"
    assert users() == []
    assert machine.warnings == []
    with pytest.raises(SignInRequired):
        auth.token()


@pytest.mark.proves("K-10")
def test_a_sign_out_with_a_locked_keyring_ends_here_and_says_what_is_left(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere
) -> None:
    machine.signed_in(issuer)
    secret_service.lock()
    auth = machine.auth(issuer)
    auth.logout()
    assert auth.sessions() == []
    assert "left behind" in machine.warnings[0]


@pytest.mark.proves("K-2")
def test_without_a_keyring_auto_says_once_that_the_file_is_used_and_strict_fails(
    issuer: Issuer, machine: Machine
) -> None:
    auth = machine.auth(issuer)
    outcome = auth.login(method="device")
    assert outcome.session.storage == "file"
    assert "No keyring was found" in (outcome.session.storage_warning or "")
    again = auth.login(method="device", force=True)
    assert again.session.storage_warning is None
    machine.ahead += 3600
    auth.token()
    assert machine.warnings == []
    with pytest.raises(StoreUnavailable, match="No keyring was found"):
        auth.login(method="device", storage="keyring", force=True)
