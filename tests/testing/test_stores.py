"""The shipped contracts, kept by the simplest stores there are."""

from collections.abc import Callable
from pathlib import Path

import pytest

import keyturn
from keyturn.client.stores.raw import RawTokenStore
from keyturn.protocol.tokens import Endpoints
from keyturn.testing import MemoryStore, RawTokenStoreContract, TokenStoreContract, make_session


class OneToken:
    """A token in memory."""

    def __init__(self) -> None:
        self.token: str | None = None

    def load_token(self) -> str | None:
        return self.token

    def save_token(self, token: str | None) -> None:
        self.token = token


class OneFile:
    """A token in a file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load_token(self) -> str | None:
        return self._path.read_text() if self._path.exists() else None

    def save_token(self, token: str | None) -> None:
        if token is None:
            self._path.unlink(missing_ok=True)
            return
        fresh = self._path.with_suffix(f".{id(self)}")
        fresh.write_text(token)
        fresh.replace(self._path)


class TestMemoryStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestOneToken(RawTokenStoreContract):
    @pytest.fixture
    def make_store(self) -> Callable[[], RawTokenStore]:
        store = OneToken()
        return lambda: store


class TestOneFile(RawTokenStoreContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[], RawTokenStore]:
        return lambda: OneFile(tmp_path / "token")


def program(store: object, tmp_path: Path) -> keyturn.Auth:
    return keyturn.Auth(
        "acme",
        issuer="https://id.example",
        client_id="acme-cli",
        home=str(tmp_path / "home"),
        store=store,  # type: ignore[arg-type]
    )


def test_a_store_of_ones_own_replaces_the_file_also_for_the_fast_way(tmp_path: Path) -> None:
    store = MemoryStore()
    auth = program(store, tmp_path)
    assert not auth.has_session()
    store.put(make_session(expires_at=None), pin=True)
    assert auth.has_session()
    assert auth.token() == "a1"
    (session,) = auth.sessions()
    assert (session.account_id, session.storage) == ("ada", "memory")
    assert not (tmp_path / "home" / "session.json").exists()


@pytest.mark.parametrize("method", ["load_token", "save_token"])
@pytest.mark.proves("K-82")
def test_whatever_a_store_raises_becomes_our_error_without_its_words(
    method: str, tmp_path: Path
) -> None:
    store = OneToken()
    store.save_token("a1")

    def fail(*_: object) -> str:
        raise RuntimeError("a1 of ada@example.com")

    setattr(store, method, fail)
    auth = program(store, tmp_path)
    with pytest.raises((keyturn.StoreReadFailed, keyturn.StoreWriteFailed)) as caught:
        auth.logout()
    assert "RuntimeError" in str(caught.value)
    assert "a1" not in str(caught.value)


def test_what_could_not_be_sent_is_no_stored_token(tmp_path: Path) -> None:
    store = OneToken()
    store.save_token("two words")
    with pytest.raises(keyturn.StoreCorrupt):
        program(store, tmp_path).token()


@pytest.mark.proves("K-65")
def test_an_older_token_stays_where_the_new_record_cannot_be_read_back(tmp_path: Path) -> None:
    class Forgetful(MemoryStore):
        def load(self, account_id: str) -> None:
            return None

    (tmp_path / "token").write_text("old")
    auth = program(Forgetful(), tmp_path)
    outcome = auth.migrate(keyturn.LegacyFile(tmp_path / "token"))
    assert outcome.result == "legacy_kept"
    assert outcome.error is not None
    assert (tmp_path / "token").read_text() == "old"
    assert not auth.has_session()


@pytest.mark.proves("K-82")
def test_a_store_for_one_token_keeps_no_refresh_token_that_the_next_run_would_miss(
    tmp_path: Path,
) -> None:
    auth = program(OneToken(), tmp_path)
    renewable = make_session(expires_at=None, endpoints=Endpoints(token="http://127.0.0.1:9/token"))
    auth._runtime().store.put(renewable, pin=True)
    assert auth.token() == "a1"
    with pytest.raises(keyturn.RefreshUnavailable):
        auth.refresh()
