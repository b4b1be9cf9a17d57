"""What a store with only ``load_token`` and ``save_token`` promises, as tests to inherit.

class TestMyStore(RawTokenStoreContract):
    @pytest.fixture
    def make_store(self, tmp_path):
        return lambda: MyStore(tmp_path / "token")
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keyturn.client.auth import Auth
from keyturn.client.stores.raw import RawStore, RawTokenStore
from keyturn.protocol.errors import RefreshUnavailable, SignInRequired
from keyturn.testing.promises import proves
from keyturn.testing.token_store_contract import CLIENT_ID, ISSUER, NOW, in_threads, make_session

MakeStore = Callable[[], RawTokenStore]


class RawTokenStoreContract:
    """The promises of ``keyturn.client.stores.raw.RawTokenStore``, and what they are enough for.

    They need no server. What such a store has no room for is asked for by TokenStoreContract.
    """

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """Return a function that opens the same place at each call; it is empty at first."""
        raise pytest.UsageError("a store's tests say how to make one: the fixture `make_store`")

    @pytest.fixture
    def auth(self, make_store: MakeStore, tmp_path: Path) -> Auth:
        """Return a program that keeps its session in the store."""
        return _program(make_store(), tmp_path)

    def test_a_new_store_holds_no_token(self, make_store: MakeStore) -> None:
        assert make_store().load_token() is None

    def test_what_was_saved_is_there_for_the_next_run(self, make_store: MakeStore) -> None:
        make_store().save_token("a1")
        assert make_store().load_token() == "a1"

    def test_saving_again_replaces_the_token(self, make_store: MakeStore) -> None:
        store = make_store()
        store.save_token("a-rather-long-token-" * 100)
        store.save_token("a2")
        assert make_store().load_token() == "a2"

    def test_saving_none_forgets_the_token_and_may_be_done_twice(
        self, make_store: MakeStore
    ) -> None:
        store = make_store()
        store.save_token("a1")
        store.save_token(None)
        store.save_token(None)
        assert make_store().load_token() is None

    def test_a_reader_never_sees_half_a_token(self, make_store: MakeStore) -> None:
        tokens = [letter * 3000 for letter in "abcd"]
        make_store().save_token(tokens[0])

        def work(number: int) -> None:
            for _ in range(20):
                if number < 2:
                    make_store().save_token(tokens[number])
                else:
                    assert make_store().load_token() in tokens

        in_threads(4, work)

    @proves("K-82")
    def test_a_program_is_signed_in_by_it_and_in_the_next_run_too(
        self, make_store: MakeStore, tmp_path: Path
    ) -> None:
        assert not _program(make_store(), tmp_path).has_session()
        _sign_in(make_store())
        later = _program(make_store(), tmp_path)
        assert later.has_session()
        assert later.token() == "a1"
        assert not (tmp_path / "home" / "session.json").exists()

    @proves("K-82")
    def test_there_is_nothing_to_renew_such_a_session_with(
        self, make_store: MakeStore, auth: Auth
    ) -> None:
        _sign_in(make_store())
        with pytest.raises(RefreshUnavailable):
            auth.refresh()
        with pytest.raises(RefreshUnavailable):
            auth.token_instead_of("a1")
        assert auth.token() == "a1"

    @proves("K-82")
    def test_a_token_that_has_ended_cannot_be_renewed_and_is_not_lost(
        self, make_store: MakeStore, auth: Auth
    ) -> None:
        ended = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln"  # a JWT with exp: 1
        make_store().save_token(ended)
        with pytest.raises(RefreshUnavailable):
            auth.token()
        assert make_store().load_token() == ended

    @proves("K-82")
    def test_signing_out_leaves_nothing_behind(self, make_store: MakeStore, auth: Auth) -> None:
        _sign_in(make_store())
        auth.logout()
        assert make_store().load_token() is None
        with pytest.raises(SignInRequired):
            auth.token()


def _program(store: RawTokenStore, folder: Path) -> Auth:
    home = str(folder / "home")
    return Auth("acme", issuer=ISSUER, client_id=CLIENT_ID, home=home, store=store)


def _sign_in(store: RawTokenStore) -> None:
    """Do what the end of a sign-in does."""
    kept = RawStore(store, issuer=ISSUER, client_id=CLIENT_ID, now=lambda: NOW)
    kept.put(make_session(), pin=True)
