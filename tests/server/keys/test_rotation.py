"""Signing keys follow one another with overlap, on several processes, and are never replaced."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from keyturn.server.keys import jwt
from keyturn.server.keys.service import ID_TOKENS, NotYet, SigningKeys
from keyturn.server.secret import ServerSecret, Unsealable
from keyturn.server.storage.sqlite import SqliteStorage
from tests.server.in_process_ import SetClock

R = TypeVar("R")

PURPOSE = "default:project"
HOUR, DAY = 3600, 24 * 3600
SECRET = ServerSecret(b"s" * 32)

pytestmark = pytest.mark.proves("S-61")


class Processes:
    """Key rings of several processes on one database, which share a clock."""

    def __init__(self, path: Path) -> None:
        self.clock = SetClock()
        self._path = path
        self._runner = asyncio.Runner()
        self._storages: list[SqliteStorage] = []

    def another(self, secret: ServerSecret = SECRET) -> SigningKeys:
        storage = SqliteStorage(self._path)
        storage.open()
        self._storages.append(storage)
        return SigningKeys(storage, secret, self.clock)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self._runner.run(work)

    def sign(self, keys: SigningKeys) -> str:
        signing = self.run(keys.of(PURPOSE)).signing
        return jwt.sign({"sub": "ada", "by": signing.kid}, signing)

    def verifies(self, keys: SigningKeys, token: str) -> bool:
        try:
            jwt.read(token, self.run(keys.of(PURPOSE)).published, typ="JWT")
        except jwt.BadToken:
            return False
        return True

    def kids(self, keys: SigningKeys) -> list[str]:
        return list(self.run(keys.of(PURPOSE)).published)

    def close(self) -> None:
        for storage in self._storages:
            self.run(storage.close())
        self._runner.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path / "keyturn.sqlite3")
    yield started
    started.close()


def test_the_next_key_is_published_from_the_start_and_signs_after_the_rotation(
    processes: Processes,
) -> None:
    keys = processes.another()
    first, second = processes.kids(keys)
    processes.clock.advance(HOUR)
    processes.run(keys.rotate(PURPOSE))
    signing, following, retired = processes.kids(keys)
    assert (signing, retired) == (second, first)
    assert following not in (first, second)
    assert processes.run(keys.of(PURPOSE)).signing.kid == second


def test_a_key_never_signs_before_verifiers_had_an_hour_to_fetch_it(processes: Processes) -> None:
    keys = processes.another()
    before = processes.kids(keys)
    made = processes.clock.now
    for _ in range(2):
        with pytest.raises(NotYet) as refused:
            processes.run(keys.rotate(PURPOSE))
        assert refused.value.at == made + HOUR * 1000
        assert processes.kids(keys) == before
        processes.clock.advance(HOUR - 1 if processes.clock.now == made else 1)
    processes.run(keys.rotate(PURPOSE))
    with pytest.raises(NotYet):
        processes.run(keys.rotate(PURPOSE))


def test_a_retired_key_verifies_for_two_days_and_then_no_longer(processes: Processes) -> None:
    keys = processes.another()
    processes.kids(keys)
    processes.clock.advance(HOUR)
    token = processes.sign(keys)
    processes.run(keys.rotate(PURPOSE))
    processes.clock.advance(2 * DAY - 1)
    assert processes.verifies(keys, token)
    processes.clock.advance(61)
    assert not processes.verifies(keys, token)
    assert len(processes.kids(keys)) == 2


def test_while_one_process_rotates_another_verifies_everything_and_follows_within_a_minute(
    processes: Processes,
) -> None:
    here, there = processes.another(), processes.another()
    assert processes.kids(here) == processes.kids(there)
    for _ in range(5):
        processes.clock.advance(HOUR)
        old = processes.sign(there)
        processes.run(here.rotate(PURPOSE))
        new = processes.sign(here)
        stale = processes.sign(there)  # it has not noticed yet
        for token in (old, new, stale):
            assert processes.verifies(here, token)
            assert processes.verifies(there, token)
        processes.clock.advance(60)
        assert processes.kids(there) == processes.kids(here)


def test_processes_that_need_a_first_key_at_once_agree_on_it(processes: Processes) -> None:
    rings = [processes.another() for _ in range(4)]

    async def all_at_once() -> list[list[str]]:
        found = await asyncio.gather(*(ring.of(PURPOSE) for ring in rings for _ in range(5)))
        return [list(keys.published) for keys in found]

    kids = processes.run(all_at_once())
    assert len(kids[0]) == 2
    assert all(each == kids[0] for each in kids)


def test_under_another_secret_keys_fail_to_open_and_none_is_made_in_their_place(
    processes: Processes,
) -> None:
    keys = processes.another()
    before = processes.kids(keys)
    stranger = processes.another(ServerSecret(b"t" * 32))
    for _ in range(2):
        with pytest.raises(Unsealable):
            processes.run(stranger.of(PURPOSE))
    processes.clock.advance(60)
    assert processes.kids(keys) == before


def test_each_purpose_has_keys_of_its_own(processes: Processes) -> None:
    keys = processes.another()
    other = processes.run(keys.of("default:anon"))
    assert not set(processes.kids(keys)) & set(other.published)


def test_id_tokens_of_rs256_have_keys_of_their_own_with_the_same_overlap(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "keys.sqlite3")
    try:
        keys = processes.another()
        first = processes.run(keys.of(ID_TOKENS))
        assert [jwk["alg"] for jwk in first.jwks()] == ["RS256", "RS256"]
        token = jwt.sign({"sub": "ada"}, first.signing)
        processes.clock.advance(HOUR)
        processes.run(keys.rotate(ID_TOKENS))

        then = processes.run(processes.another().of(ID_TOKENS))

        assert then.signing.kid == list(first.published)[1]
        assert jwt.read(token, then.published, typ="JWT") == {"sub": "ada"}
        with pytest.raises(jwt.BadToken):
            jwt.read(token, processes.run(keys.of(PURPOSE)).published, typ="JWT")
        processes.clock.advance(3 * DAY)
        assert first.signing.kid not in processes.run(keys.of(ID_TOKENS)).published
        assert first.signing.kid in processes.run(keys.ever_of(ID_TOKENS))
    finally:
        processes.close()
