"""PostgreSQL keeps the storage contract, and what only a server on a network can go through."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from keyturn.server.oauth.store import note_device_polls
from keyturn.server.storage import migrations, statements
from keyturn.server.storage import postgres as postgres_storage
from keyturn.server.storage.base import Many, Query, StorageUnavailable, Work, announce, run
from keyturn.server.storage.postgres import PostgresStorage
from keyturn.server.storage.postgres_schema import TYPES
from keyturn.server.storage.postgres_text import numbered
from tests.contracts.registrations import RegistrationContract
from tests.contracts.storage import StorageContract, count, get, in_a_loop, put
from tests.postgres_ import Cluster
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import refresh, signed_in


class PostgresDatabase:
    """One database of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.url = cluster, cluster.create()

    async def open(self) -> PostgresStorage:
        storage = PostgresStorage(self.url)
        await storage.open()
        return storage

    def set_schema_number(self, number: int) -> None:
        self.sql(f"UPDATE keyturn_schema SET number = {number:d}")  # noqa: S608 - a number

    def sql(self, statement: str) -> str:
        return self.cluster.sql(statement, self.url.rpartition("/")[2])

    def end_connections(self) -> None:
        """Break every connection of ours, as a restart of a firewall or a failover does."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def database(postgres: Cluster) -> PostgresDatabase:
    return PostgresDatabase(postgres)


class TestPostgres(StorageContract, RegistrationContract):
    """The contract, kept."""


def test_every_statement_is_one_that_postgresql_understands(database: PostgresDatabase) -> None:
    async def test() -> None:
        connection = await asyncpg.connect(database.url)
        for _, script in migrations.load(TYPES):
            await connection.execute(script)
        for name, text in [
            *statements.load().items(),
            *statements.load_for_many("postgres").items(),
        ]:
            try:
                await connection.prepare(numbered(text).sql)
            except asyncpg.PostgresError as error:
                pytest.fail(f"{name}: {error}")
        await connection.close()

    in_a_loop(test())


def test_processes_that_open_a_new_database_at_once_migrate_it_once(
    database: PostgresDatabase,
) -> None:
    async def test() -> None:
        opened = await asyncio.gather(*(database.open() for _ in range(6)))
        for storage in opened:
            await storage.write(count, "opened")
        assert await opened[0].write(count, "opened") == 7
        await asyncio.gather(*(storage.close() for storage in opened))

    in_a_loop(test())


def test_broken_connections_cost_a_read_nothing_and_a_write_at_most_one_answer(
    database: PostgresDatabase,
) -> None:
    async def test() -> None:
        storage = await database.open()
        await storage.write(put, "kept")
        await asyncio.gather(*(storage.read(get, "kept") for _ in range(30)))
        database.end_connections()
        assert await storage.read(get, "kept") == "there"
        database.end_connections()
        for _ in range(20):
            try:
                await storage.write(put, "after")
                break
            except StorageUnavailable:
                continue
        assert await storage.read(get, "after") == "there"
        await storage.close()

    in_a_loop(test())


@pytest.mark.proves("S-42")
def test_a_listener_that_was_cut_off_says_that_something_may_have_been_missed(
    database: PostgresDatabase,
) -> None:
    async def test() -> None:
        storage = await database.open()
        told: asyncio.Queue[str | None] = asyncio.Queue()
        assert storage.subscribe(told.put_nowait)
        database.end_connections()
        assert await asyncio.wait_for(told.get(), 20) is None
        other = await database.open()
        await other.write(announce, "topic")
        assert await asyncio.wait_for(told.get(), 20) == "topic"
        await storage.close()
        await other.close()

    in_a_loop(test())


def test_a_word_of_a_transaction_that_failed_is_never_heard(database: PostgresDatabase) -> None:
    def announce_then_raise() -> Work[None]:
        yield from announce("never")
        raise ZeroDivisionError

    async def test() -> None:
        here, there = await database.open(), await database.open()
        told: asyncio.Queue[str | None] = asyncio.Queue()
        here.subscribe(told.put_nowait)
        with pytest.raises(ZeroDivisionError):
            await there.write(announce_then_raise)
        await there.write(announce, "then")
        assert await asyncio.wait_for(told.get(), 20) == "then"
        await here.close()
        await there.close()

    in_a_loop(test())


def test_two_units_that_each_read_what_the_other_writes_are_put_into_an_order(
    database: PostgresDatabase,
) -> None:
    def only_one(mine: str, other: str) -> Work[bool]:
        taken = yield from get(other)
        if taken is not None:
            return False
        yield from run("insert_server_meta", name=mine, value="taken")
        return True

    async def test() -> None:
        here, there = await database.open(), await database.open()
        for i in range(50):
            names = (f"left {i}", f"right {i}")
            won = await asyncio.gather(
                here.write(only_one, *names), there.write(only_one, *reversed(names))
            )
            assert sorted(won) == [False, True], i
        await here.close()
        await there.close()

    in_a_loop(test())


def test_a_commit_whose_answer_was_lost_is_told_as_what_became_of_it(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit reaches the server; the connection is gone before its answer arrives."""
    commit = asyncpg.transaction.Transaction.commit
    lost = iter([True])

    async def commit_and_lose(self: asyncpg.transaction.Transaction) -> None:
        await commit(self)
        if next(lost, False):
            raise ConnectionResetError

    monkeypatch.setattr(asyncpg.transaction.Transaction, "commit", commit_and_lose)

    async def test() -> None:
        storage = await database.open()
        assert await storage.write(count, "steps") == 1
        assert await storage.write(count, "steps") == 2
        await storage.close()

    in_a_loop(test())


@pytest.mark.proves("S-30", "S-31")
def test_a_refresh_whose_commit_was_not_heard_of_is_answered_with_the_one_step_that_it_made(
    database: PostgresDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = InProcess(tmp_path / "data", database=database.url)
    told = signed_in(server)
    fetch, lost = PostgresStorage._fetch, list[int]()

    async def fetch_and_lose(self: PostgresStorage, connection: Any, query: Query | Many) -> Any:
        rows = await fetch(self, connection, query)
        if query.name == "rotate_plain_sessions" and not lost:
            lost.append(len(rows))
            raise ConnectionResetError
        return rows

    monkeypatch.setattr(PostgresStorage, "_fetch", fetch_and_lose)
    answer = refresh(server, told["refresh_token"])
    assert (answer.status_code, answer.json()["generation"], lost) == (200, 1, [1])
    assert refresh(server, answer.json()["refresh_token"]).json()["generation"] == 2
    server.close()


def test_a_commit_that_never_arrived_is_unavailable_and_left_no_trace(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = asyncpg.transaction.Transaction.commit
    lost = iter([True])

    async def lose(self: asyncpg.transaction.Transaction) -> None:
        if next(lost, False):
            self._connection.terminate()
            raise ConnectionResetError
        await commit(self)

    monkeypatch.setattr(asyncpg.transaction.Transaction, "commit", lose)

    async def test() -> None:
        storage = await database.open()
        with pytest.raises(StorageUnavailable):
            await storage.write(count, "steps")
        assert await storage.write(count, "steps") == 1
        await storage.close()

    in_a_loop(test())


def test_where_every_connection_is_busy_nobody_waits_more_than_once(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def test() -> None:
        storage = PostgresStorage(database.url, connections=1)
        await storage.open()
        acquire = asyncpg.Pool.acquire

        def noting(pool: Any, *, timeout: float) -> Any:
            waits.append(timeout)
            return acquire(pool, timeout=timeout)

        with monkeypatch.context() as patched:
            patched.setattr(postgres_storage, "WAIT_SECONDS", 0.1)
            async with acquire(storage._open_pool()):
                patched.setattr(asyncpg.Pool, "acquire", noting)
                with pytest.raises(StorageUnavailable):
                    await storage.read(get, "anything")
                with pytest.raises(StorageUnavailable):
                    await storage.write(note_device_polls, [("anything", 1)])
        await storage.close()

    in_a_loop(test())
    assert waits == [0.1, 0.1]


def test_a_database_that_is_not_there_is_said_at_once(postgres: Cluster) -> None:
    async def test(url: str) -> None:
        with pytest.raises(StorageUnavailable, match="PostgreSQL"):
            await PostgresStorage(url).open()

    in_a_loop(test(postgres.url("missing")))
    in_a_loop(test("postgresql://keyturn@127.0.0.1:1/x"))


@pytest.mark.parametrize(
    ("text", "sql", "names"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT ':a' || :b", "SELECT ':a' || $1", ("b",)),
        ("SELECT 1 -- of :a\n, :b", "SELECT 1 -- of :a\n, $1", ("b",)),
        ("SELECT 'it''s :a', :c", "SELECT 'it''s :a', $1", ("c",)),
    ],
)
def test_names_become_numbers_outside_of_literals_and_comments(
    text: str, sql: str, names: tuple[str, ...]
) -> None:
    assert (numbered(text).sql, numbered(text).names) == (sql, names)
