"""Crashes with PostgreSQL under load: of a server process, and of the database itself.

Clients note what they are told, as in ``test_kills.py``. The database syncs as it does by default.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import asyncpg
import pytest

from keyturn.server.storage.postgres_doubt import LIFE, was_committed
from tests.faults.checks_ import check, check_passwords
from tests.faults.databases_ import crash, wait_for_backends_to_end
from tests.faults.journal_ import Journal
from tests.faults.load_ import DEAD, Load, Prompt, PutOff
from tests.faults.quick_server_ import QuickServer, quick_server
from tests.faults.servers_ import assert_no_surprise
from tests.faults.steps_ import guest, signed_up
from tests.postgres_ import Cluster, cluster
from tests.requirements_ import rounds
from tests.server.person_ import Person

pytestmark = pytest.mark.sweep

ROUNDS = rounds(bounded=2, ci=20, full=200)
SHORTEST_LIFE, LONGEST_LIFE = 5, rounds(bounded=30, full=60)
BROWSERS = 3


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    # What is in its log and not on disk stays there for as long as it may: a crash loses it.
    with cluster("-c wal_writer_delay=10s", "-c wal_writer_flush_after=0") as running:
        yield running


class Recorder:
    """What clients were told, in one life after another of a server or its database."""

    def __init__(self, server: QuickServer) -> None:
        self.server, self.everything = server, Journal()
        self._chance = SystemRandom()
        self._browsers = [self._browser(i) for i in range(BROWSERS)]

    def _browser(self, number: int) -> Person:
        person = signed_up(self.server, f"browser{number}@example.com")
        person.server = Prompt(self.server)
        return person

    def load(self, *ends: type[Exception]) -> Load:
        """Begin to ask without pause; return in the middle of it, at any stage of a request."""
        load = Load(self.server.port, self._browsers, ends)
        load.until_told(self._chance.randint(SHORTEST_LIFE, LONGEST_LIFE))
        time.sleep(self._chance.uniform(0, 0.01))
        return load

    def check(self, journal: Journal) -> None:
        """Check what was told in the life that ended."""
        check(self.server, journal)
        self.everything.families += journal.families
        self.everything.guests += journal.guests
        self.everything.passwords |= journal.passwords

    def finish(self) -> None:
        """Check everything that was ever told."""
        check(self.server, self.everything)
        check_passwords(self.server, list(self.everything.passwords)[:: max(1, ROUNDS // 10)])
        print(f"{ROUNDS} crashes, {len(self.everything)} acknowledged facts")
        assert len(self.everything) > ROUNDS * SHORTEST_LIFE
        assert_no_surprise(self.server.log)


@pytest.mark.proves("S-0b", "S-21", "S-26", "S-30")
def test_after_a_kill_every_session_acknowledged_on_postgresql_lives_and_every_ended_one_is_dead(
    durable: Cluster, tmp_path: Path
) -> None:
    url = durable.create()
    with quick_server(tmp_path / "data", url) as server:
        recorder = Recorder(server)
        for _ in range(ROUNDS):
            load = recorder.load(*DEAD)
            server.kill()
            journal = load.stop()
            wait_for_backends_to_end(durable, url)
            server.start()
            recorder.check(journal)
        recorder.finish()


@pytest.mark.proves("S-0b", "S-21", "S-25", "S-26", "S-30")
def test_after_a_crash_of_the_database_the_server_goes_on_by_itself_and_nothing_told_is_lost(
    durable: Cluster, tmp_path: Path
) -> None:
    with quick_server(tmp_path / "data", durable.create()) as server:
        recorder = Recorder(server)
        for _ in range(ROUNDS):
            load = recorder.load(*DEAD, PutOff)
            crash(durable)
            journal = load.stop()
            guest(server)
            recorder.check(journal)
        recorder.finish()
        assert server.process.is_alive()


@pytest.mark.proves("S-26")
def test_a_transaction_lost_in_a_crash_is_not_mistaken_for_the_one_that_took_its_number(
    durable: Cluster,
) -> None:
    url = durable.create()

    async def begin() -> tuple[asyncpg.Connection, str, str]:
        connection = await asyncpg.connect(url)
        await connection.execute("BEGIN; CREATE TABLE lost (n INT)")
        number = await connection.fetchval("SELECT pg_current_xact_id()::text")
        return connection, number, await connection.fetchval(LIFE)

    async def test() -> None:
        connection, number, life = await begin()
        assert life == await connection.fetchval(LIFE)
        await asyncio.to_thread(crash, durable)
        again = await asyncpg.connect(url)
        while await again.fetchval("SELECT pg_current_xact_id()::text") != number:
            pass
        assert await again.fetchval("SELECT pg_xact_status($1::text::xid8)", number) == "committed"
        assert not await was_committed(url, number, life)
        assert await was_committed(url, number, await again.fetchval(LIFE))
        await again.close()
        connection.terminate()

    asyncio.run(asyncio.wait_for(test(), 60))
