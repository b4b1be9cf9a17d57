"""Secrets that were left behind in the keyring, and how long others wait for a slow one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keyturn.client.doctor.keyring_check import leftovers
from keyturn.client.effects import Effects
from keyturn.client.lock import FileLock
from keyturn.client.stores.tiered import TieredStore
from keyturn.protocol.errors import AccountNotFound, SignInRequired, StoreUnavailable
from tests.client.machine_ import Machine
from tests.client.stores.secret_service_ import SecretServiceHere
from tests.client.stores.test_tiers import tiered_store, user_of, users
from tests.contracts.token_store import CLIENT_ID, ISSUER, make_session
from tests.issuers_.issuer_ import Issuer

pytestmark = pytest.mark.xdist_group("secret-service")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state" / "acme"


def left_behind(home: Path, service: SecretServiceHere) -> TieredStore:
    """Return a store from which ada was removed while the keyring was locked; bob is in it."""
    store = tiered_store(home)
    store.put(make_session("bob"), pin=True)
    store.put(make_session("ada"), pin=True)
    service.lock()
    store.remove("ada")
    service.end()
    service.start()
    assert len(users()) == 2
    return store


NEXT: dict[str, Callable[[TieredStore], object]] = {
    "sign-in": lambda store: store.put(make_session("eve"), pin=True),
    "sign-out": lambda store: store.remove("bob"),
    "renewal": lambda store: store.replace(
        store.index().sessions["bob"], make_session("bob", tokens="2")
    ),
    "doctor --fix": TieredStore.clear_leftovers,
}


@pytest.mark.proves("K-9", "K-10")
@pytest.mark.parametrize("what", NEXT)
def test_a_secret_left_behind_is_cleared_by_whatever_comes_next(
    home: Path, secret_service: SecretServiceHere, what: str
) -> None:
    store = left_behind(home, secret_service)
    NEXT[what](store)
    assert not [user for user in users() if "/ada/" in user]
    assert not {user for user in store.leftovers() if "/ada/" in user}


@pytest.mark.proves("K-10", "K-62")
def test_doctor_finds_what_was_left_and_removes_it_once_it_may(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere
) -> None:
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    assert not [finding for finding in auth.doctor() if finding.check == "leftovers"]
    secret_service.lock()
    auth.logout()
    (found,) = [finding for finding in auth.doctor() if finding.check == "leftovers"]
    assert (found.outcome, found.check) == ("warn", leftovers.__name__)
    assert found.fix is not None
    assert found.fix.apply is not None
    found.fix.apply()  # Still locked: nothing is lost, nothing is forgotten.
    assert len(users()) == 1
    secret_service.end()
    secret_service.start()
    found.fix.apply()
    assert users() == []
    assert not [finding for finding in auth.doctor() if finding.check == "leftovers"]


@pytest.mark.proves("K-10")
def test_a_sign_out_with_nobody_signed_in_clears_what_an_earlier_one_had_to_leave(
    issuer: Issuer, machine: Machine, secret_service: SecretServiceHere
) -> None:
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    secret_service.lock()
    auth.logout()
    machine.warnings.clear()
    with pytest.raises(SignInRequired):
        auth.logout()
    (warning,) = machine.warnings
    assert "A secret of an earlier session is still left behind in it." in warning
    secret_service.end()
    secret_service.start()
    assert len(users()) == 1
    with pytest.raises(AccountNotFound):
        auth.logout(account="ada@example.com")
    assert users() == []
    assert len(machine.warnings) == 1


@pytest.mark.proves("K-2", "K-62")
@pytest.mark.parametrize("bus", [None, "unix:path=/nowhere"], ids=["no bus", "a bus that is none"])
def test_where_there_is_no_keyring_nothing_counts_as_left_in_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, bus: str | None
) -> None:
    if bus is None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    else:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    store = tiered_store(home)
    store.put(make_session(), pin=True)
    assert store.fallback is not None
    assert store.leftovers() == set()


def test_a_keyring_that_failed_at_a_write_may_have_done_it_and_is_emptied_later(
    home: Path,
) -> None:
    store, slow = on_a_slow_keyring(home, 0.0)
    store.put(make_session("bob"), pin=True)
    write = slow.write

    def do_it_all_the_same(user: str, secret: str) -> None:
        write(user, secret)
        raise StoreUnavailable("The system keyring does not answer.")

    slow.write = do_it_all_the_same  # type: ignore[method-assign]
    assert store.put(make_session(), pin=True).slot is None
    assert len(slow.kept) == 2
    slow.write = write  # type: ignore[method-assign]
    store.remove("ada")
    assert store.clear_leftovers() is None
    assert list(slow.kept) == [user_of(store.index().sessions["bob"])]


# -- The store's lock -----------------------------------------------------------------------------


@dataclass
class SlowKeyring:
    """A keyring in memory whose every call takes a while, by a clock of its own.

    Attributes:
        held: For each call, whether the store's lock was held meanwhile.
    """

    lock: Path
    seconds: float
    passed: float = 0.0
    kept: dict[str, str] = field(default_factory=dict)
    held: list[tuple[str, bool]] = field(default_factory=list)

    def check(self) -> None:
        self._pass("check")

    def unlock(self) -> None:
        self._pass("unlock")

    def read(self, user: str) -> str | None:
        self._pass("read")
        return self.kept.get(user)

    def write(self, user: str, secret: str) -> None:
        self._pass("write")
        self.kept[user] = secret

    def delete(self, user: str) -> None:
        self._pass("delete")
        self.kept.pop(user, None)

    def users(self) -> list[str]:
        self._pass("users")
        return list(self.kept)

    def _pass(self, call: str) -> None:
        self.passed += self.seconds
        self.held.append((call, self._is_held()))

    def _is_held(self) -> bool:
        try:
            with FileLock(str(self.lock), effects=Effects(), limit_seconds=0.0):
                return False
        except Exception:
            return True


def on_a_slow_keyring(home: Path, seconds: float) -> tuple[TieredStore, SlowKeyring]:
    """Return a store, and the keyring it is on."""
    slow = SlowKeyring(home / "store.lock", seconds)
    store = TieredStore(
        str(home),
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_key=f"{ISSUER} {CLIENT_ID}",
        effects=Effects(monotonic=lambda: time.monotonic() + slow.passed),
        open_keyring=lambda: slow,
    )
    return store, slow


@pytest.mark.proves("K-1a")
def test_the_old_secret_is_deleted_and_a_signed_out_one_read_without_the_lock(home: Path) -> None:
    store, slow = on_a_slow_keyring(home, 0.0)
    store.put(make_session(), pin=True)
    store.put(make_session(tokens="2"), pin=True)
    store.remove("ada")
    assert ("delete", True) not in slow.held
    assert ("read", True) not in slow.held
    assert [call for call, held in slow.held if held] == ["users", "write"] * 2
    assert slow.kept == {}


@pytest.mark.proves("K-1a", "K-5")
@pytest.mark.parametrize("seconds", [0.4, 1.1, 2.9])
def test_however_slow_the_keyring_the_lock_is_held_six_seconds_at_most(
    home: Path, seconds: float
) -> None:
    store, slow = on_a_slow_keyring(home, seconds)
    store.put(make_session(), pin=True)
    prefix = next(iter(slow.kept)).partition("/")[0]
    slow.kept.update({f"{prefix}/orphan/{n}": "left" for n in range(20)})
    slow.held.clear()
    stored = store.put(make_session(tokens="2"), pin=True)
    assert seconds * sum(held for _, held in slow.held) <= 6.0
    assert stored.slot is not None
    assert store.load("ada") == stored
