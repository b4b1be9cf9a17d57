"""What every session store promises, as tests to inherit.

class TestMyStore(TokenStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return MyStore(tmp_path)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyturn.client.stores.base import SessionStore
from keyturn.protocol.tokens import Account, Endpoints, Session
from keyturn.testing.promises import proves

ISSUER = "https://id.example"
CLIENT_ID = "acme-cli"
NOW = 1_800_000_000.0


def make_session(account_id: str = "ada", tokens: str = "1", **changes: Any) -> Session:
    """Return a session of ``account_id`` with the tokens ``a<tokens>`` and ``r<tokens>``.

    Args:
        account_id: Whose.
        tokens: What tells its tokens from those of other sessions.
        changes: Other members of Session, by their names.
    """
    fields: dict[str, Any] = {
        "account": Account(id=account_id, email=f"{account_id}@example.com"),
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "access_token": f"a{tokens}",
        "refresh_token": f"r{tokens}",
        "issued_at": NOW,
        "expires_at": NOW + 600.25,
    }
    return Session(**{**fields, **changes})


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    """Run ``work(0)`` to ``work(count - 1)`` at the same moment and return what they returned."""
    barrier = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(number: int) -> None:
        barrier.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TokenStoreContract:
    """The promises of ``keyturn.client.stores.base.SessionStore``; a store's tests inherit it.

    They need no server. A store for several processes is further tested with processes.
    """

    @pytest.fixture
    def store(self) -> SessionStore:
        """Return an empty store."""
        raise pytest.UsageError("a store's tests say how to make one: the fixture `store`")

    def test_a_new_store_is_empty_and_ready(self, store: SessionStore) -> None:
        store.check()
        snapshot = store.snapshot()
        assert (snapshot.sessions, snapshot.default, snapshot.unreadable) == ({}, None, ())
        assert store.location

    @proves("K-1")
    def test_what_was_put_is_there_whole(self, store: SessionStore) -> None:
        full = make_session(
            account=Account(id="ada", email="ada@example.com", label='Zoë "中" \u202e'),
            scope="openid email",
            token_type="DPoP",
            session_ends_at=NOW + 9e6,
            session_id="family-1",
            generation=7,
            endpoints=Endpoints(token="https://id.example/token", ack="https://id.example/ack"),
            storage="file",
        )
        stored = store.put(full, pin=True)
        assert stored == replace(full, revision=stored.revision)
        assert store.snapshot().sessions == {"ada": stored}

    @proves("K-1")
    def test_a_session_without_its_optional_parts_comes_back_without_them(
        self, store: SessionStore
    ) -> None:
        bare = make_session(
            account=Account(id="ada"), refresh_token=None, expires_at=None, anonymous=True
        )
        stored = store.put(bare, pin=True)
        assert store.snapshot().sessions["ada"] == replace(bare, revision=stored.revision)

    @proves("K-1", "K-8")
    def test_putting_again_replaces_the_whole_session(self, store: SessionStore) -> None:
        store.put(make_session(scope="openid", generation=3), pin=True)
        second = store.put(make_session(tokens="2", refresh_token=None), pin=True)
        assert store.snapshot().sessions == {"ada": second}
        assert (second.refresh_token, second.scope, second.generation) == (None, None, None)

    @proves("K-11")
    def test_accounts_do_not_touch_each_other(self, store: SessionStore) -> None:
        ada = store.put(make_session("ada"), pin=True)
        bob = store.put(make_session("bob"), pin=False)
        assert store.snapshot().sessions == {"ada": ada, "bob": bob}
        store.remove("bob")
        assert store.snapshot().sessions == {"ada": ada}

    @proves("K-11")
    def test_only_a_sign_in_and_a_switch_pin_the_default(self, store: SessionStore) -> None:
        ada = store.put(make_session("ada"), pin=True)
        store.put(make_session("bob"), pin=False)
        assert store.snapshot().default == "ada"
        store.replace(ada, make_session("ada", "2"))
        assert store.snapshot().default == "ada"
        assert store.pin("bob")
        assert store.snapshot().default == "bob"

    def test_nobody_who_is_not_stored_can_be_pinned(self, store: SessionStore) -> None:
        store.put(make_session("ada"), pin=True)
        assert not store.pin("eve")
        assert store.snapshot().default == "ada"

    @proves("K-11")
    def test_removing_the_default_leaves_no_default(self, store: SessionStore) -> None:
        store.put(make_session("ada"), pin=True)
        store.put(make_session("bob"), pin=False)
        store.remove("ada")
        assert store.snapshot().default is None

    @proves("K-23")
    def test_every_write_raises_the_revision_even_after_a_removal(
        self, store: SessionStore
    ) -> None:
        first = store.put(make_session(), pin=True)
        second = store.replace(first, make_session(tokens="2"))
        assert second is not None
        store.remove("ada")
        third = store.put(make_session(tokens="3"), pin=True)
        assert first.revision < second.revision < third.revision

    @proves("K-65")
    def test_a_first_session_is_stored_only_where_there_is_none(self, store: SessionStore) -> None:
        first = store.put_first(make_session("ada"))
        assert first is not None
        assert store.put_first(make_session("ada", "2")) is None
        assert store.put_first(make_session("bob")) is None
        snapshot = store.snapshot()
        assert (snapshot.sessions, snapshot.default) == ({"ada": first}, "ada")

    @proves("K-65")
    def test_of_racing_first_sessions_exactly_one_wins(self, store: SessionStore) -> None:
        results = in_threads(8, lambda n: store.put_first(make_session(f"user-{n}")))
        (winner,) = [result for result in results if isinstance(result, Session)]
        assert store.snapshot().sessions == {winner.account.id: winner}

    @proves("K-23")
    def test_a_replacement_needs_exactly_what_it_was_made_from(self, store: SessionStore) -> None:
        first = store.put(make_session(), pin=True)
        second = store.put(make_session(tokens="2"), pin=True)
        assert store.replace(first, make_session(tokens="3")) is None
        assert store.snapshot().sessions == {"ada": second}

    @proves("K-26")
    def test_what_was_removed_cannot_be_replaced(self, store: SessionStore) -> None:
        first = store.put(make_session(), pin=True)
        assert store.remove("ada") == first
        assert store.replace(first, make_session(tokens="2")) is None
        assert store.snapshot().sessions == {}

    @proves("K-23")
    def test_the_same_tokens_stored_anew_are_another_record(self, store: SessionStore) -> None:
        first = store.put(make_session(), pin=True)
        store.put(make_session(), pin=True)
        assert store.replace(first, make_session(tokens="2")) is None

    def test_removing_returns_what_was_there(self, store: SessionStore) -> None:
        stored = store.put(make_session(), pin=True)
        assert store.remove("eve") is None
        assert store.remove("ada") == stored
        assert store.remove("ada") is None

    @proves("K-28")
    def test_a_conditional_removal_spares_what_has_changed(self, store: SessionStore) -> None:
        first = store.put(make_session(), pin=True)
        second = store.put(make_session(tokens="2"), pin=True)
        assert store.remove("ada", only=first) is None
        assert store.snapshot().sessions == {"ada": second}
        assert store.remove("ada", only=second) == second
        assert store.remove("ada", only=second) is None

    @proves("K-27")
    def test_a_token_marked_as_ended_is_due_and_everything_else_stays(
        self, store: SessionStore
    ) -> None:
        first = store.put(make_session(), pin=True)
        marked = store.expire(first, at=NOW + 100)
        assert marked is not None
        assert marked.needs_refresh(now=NOW + 100)
        assert marked.same_as(store.index().sessions["ada"])
        expected = replace(first, expires_at=NOW + 100, revision=first.revision + 1)
        assert store.load("ada") == expected
        assert store.snapshot().default == "ada"
        assert store.expire(first, at=NOW) is None
        store.remove("ada")
        assert store.expire(marked, at=NOW) is None

    @proves("K-7")
    def test_a_token_that_cannot_be_sent_never_reaches_the_store(self, store: SessionStore) -> None:
        stored = store.put(make_session(), pin=True)
        for bad in ("", " ", "a b", " a"):
            with pytest.raises(ValueError, match="visible ASCII"):
                store.put(make_session(access_token=bad), pin=True)
        assert store.snapshot().sessions == {"ada": stored}

    @proves("K-1a")
    def test_of_racing_writers_none_is_lost(self, store: SessionStore) -> None:
        in_threads(8, lambda n: store.put(make_session(f"user-{n}"), pin=False))
        snapshot = store.snapshot()
        assert sorted(snapshot.sessions) == [f"user-{n}" for n in range(8)]
        assert len({session.revision for session in snapshot.sessions.values()}) == 8

    @proves("K-23")
    def test_of_racing_replacements_exactly_one_wins(self, store: SessionStore) -> None:
        first = store.put(make_session(), pin=True)
        results = in_threads(8, lambda n: store.replace(first, make_session(tokens=f"2-{n}")))
        (winner,) = [result for result in results if result is not None]
        assert store.snapshot().sessions == {"ada": winner}

    @proves("K-3")
    def test_a_reader_never_sees_half_a_write(self, store: SessionStore) -> None:
        store.put(make_session(tokens="0"), pin=True)
        done = threading.Event()

        def write(_: int) -> None:
            for number in range(60):
                store.put(make_session(tokens=str(number) * 50), pin=True)
            done.set()

        def read(_: int) -> None:
            while not done.is_set():
                session = store.snapshot().sessions["ada"]
                assert session.access_token[1:] == (session.refresh_token or "")[1:]

        in_threads(3, lambda n: write(n) if n == 0 else read(n))
