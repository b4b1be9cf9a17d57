"""SQLite keeps the storage contract, and what only a file can go through."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.storage.sqlite import SqliteStorage
from tests.contracts.registrations import RegistrationContract
from tests.contracts.storage import StorageContract, count, get, in_a_loop, put
from tests.faults.forks_ import all_at_once
from tests.server.storage.sqlite_ import SqliteDatabase, held_by_another_process, open_and_write


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    return SqliteDatabase(tmp_path / "keyturn.sqlite3")


class TestSqlite(StorageContract, RegistrationContract):
    """The contract, kept."""


def test_the_files_are_their_owners_alone_whatever_the_umask(database: SqliteDatabase) -> None:
    before = os.umask(0)
    try:
        storage = database.open_now()
        in_a_loop(storage.write(put, "a"))
        files = list(database.path.parent.iterdir())
        assert len(files) == 3  # database, log, index
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        in_a_loop(storage.close())
    finally:
        os.umask(before)


def test_processes_that_open_a_new_database_at_once_migrate_it_once_and_all_go_on(
    tmp_path: Path,
) -> None:
    for number in range(6):
        path = tmp_path / f"{number}.sqlite3"
        assert all_at_once(6, open_and_write, path) == [0] * 6
        storage = SqliteDatabase(path).open_now()
        assert in_a_loop(storage.write(put, "one more")) is None
        in_a_loop(storage.close())


def test_a_write_waits_for_another_process_and_reads_do_not(database: SqliteDatabase) -> None:
    async def test() -> None:
        storage = database.open_now(busy_timeout_seconds=20)
        await storage.write(put, "before")
        with held_by_another_process(database.path) as holder:
            waiting = asyncio.create_task(storage.write(put, "after"))
            assert await storage.read(get, "before") == "there"
            await asyncio.sleep(0.05)
            assert not waiting.done()
            assert await storage.read(get, "after") is None
            holder.kill()
            await waiting
        assert await storage.read(get, "after") == "there"
        await storage.close()

    in_a_loop(test())


def test_a_database_that_stays_busy_is_unavailable_in_bounded_time_and_recovers(
    database: SqliteDatabase,
) -> None:
    async def test() -> None:
        storage = database.open_now(busy_timeout_seconds=0.1)
        with held_by_another_process(database.path):
            refused = await asyncio.gather(
                *(storage.write(put, f"{i}") for i in range(5)), return_exceptions=True
            )
            assert [type(one) for one in refused] == [StorageUnavailable] * 5
            assert await storage.read(get, "0") is None
            assert await storage.changes() is not None  # not a statement that waits
        await storage.write(put, "again")
        assert await storage.read(get, "again") == "there"
        await storage.close()

    in_a_loop(test())


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="folder is missing"):
        SqliteStorage(tmp_path / "no" / "keyturn.sqlite3").open()


def test_a_file_that_is_no_database_is_unavailable_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keyturn.sqlite3"
    path.write_bytes(b"these are my holiday pictures" * 100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        SqliteStorage(path).open()
    assert path.read_bytes() == b"these are my holiday pictures" * 100


@pytest.mark.proves("S-42")
def test_changes_differ_after_every_write_of_another_process_and_no_write_of_ones_own(
    database: SqliteDatabase,
) -> None:
    async def test() -> None:
        here, there = await database.open(), await database.open()
        for i in range(100):
            before = await here.changes()
            # At the same moment: the other's write must not hide behind one's own.
            await asyncio.gather(here.write(count, "own"), there.write(count, "other"))
            assert await here.changes() != before, i
        quiet = await here.changes()
        for _ in range(100):
            await here.write(count, "own")
            assert await here.changes() == quiet
        await here.close()
        await there.close()

    in_a_loop(test())
