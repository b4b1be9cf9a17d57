"""What every storage promises, whichever database stands behind it.

A test class of one database inherits ``StorageContract`` and provides the fixture ``database``.
"""

import asyncio
import functools
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import pytest

from keyturn.server.sessions import rules as session_rules
from keyturn.server.sessions import store as sessions
from keyturn.server.storage import migrations
from keyturn.server.storage.base import (
    Storage,
    StorageConflict,
    StorageUnavailable,
    Work,
    announce,
    first,
    run,
)
from keyturn.server.waiting import Hub

R = TypeVar("R")

FOREVER = 10**15


class Database(Protocol):
    """One empty database of some kind."""

    async def open(self) -> Storage:
        """Open it as one more process does."""
        ...

    def set_schema_number(self, number: int) -> None:
        """Make it look as if another version had made it."""
        ...


def count(name: str) -> Work[int]:
    """Count one more under ``name`` and return how many that makes."""
    row = yield from first("count_attempt", name=name, now=1, window_ends_at=FOREVER)
    assert row is not None
    used: int = row["used"]
    return used


def put(name: str, value: str = "there") -> Work[None]:
    """Keep a fact; the first to write it decides it."""
    yield from run("insert_server_meta", name=name, value=value)


def get(name: str) -> Work[str | None]:
    """Return a fact."""
    row = yield from first("server_meta", name=name)
    return row["value"] if row else None


def add_event(event_id: str) -> Work[None]:
    """Insert a row whose key must not be taken."""
    nothing = dict.fromkeys(("project_id", "user_id", "session_id", "ip"))
    yield from run("insert_audit_event", id=event_id, kind="test", facts="{}", now=1, **nothing)


def put_then_raise(name: str) -> Work[None]:
    """Write, then fail."""
    yield from put(name)
    raise ZeroDivisionError


def put_then_take(name: str, event_id: str) -> Work[None]:
    """Write, then break a rule of the schema."""
    yield from put(name)
    yield from add_event(event_id)


def session_of_nobody() -> Work[Any]:
    """Begin a session for a user that does not exist, as if it had just been deleted."""
    return sessions.insert(
        str(uuid4()),
        project_id="gone",
        user_id=str(uuid4()),
        kind="stack",
        rotation="none",
        lifetime=session_rules.STACK,
        origin=session_rules.Origin(ip=None, user_agent=None),
        now=1,
    )


def in_a_loop(test: Coroutine[Any, Any, R]) -> R:
    """Run a test's coroutine."""
    return asyncio.run(test)


class StorageContract:
    """Inherit, and provide ``database``."""

    def test_a_unit_sees_what_it_wrote_and_gives_back_what_it_returns(
        self, database: Database
    ) -> None:
        def work() -> Work[str | None]:
            yield from put("a", "1")
            return (yield from get("a"))

        async def test() -> None:
            storage = await database.open()
            assert await storage.write(work) == "1"
            await storage.close()

        in_a_loop(test())

    def test_a_unit_that_raises_leaves_nothing_behind_and_its_error_reaches_the_caller(
        self, database: Database
    ) -> None:
        async def test() -> None:
            storage = await database.open()
            with pytest.raises(ZeroDivisionError):
                await storage.write(put_then_raise, "half")
            assert await storage.read(get, "half") is None
            await storage.close()

        in_a_loop(test())

    def test_a_key_that_is_taken_or_a_parent_that_is_gone_is_a_conflict_and_changes_nothing(
        self, database: Database
    ) -> None:
        async def test() -> None:
            storage = await database.open()
            await storage.write(add_event, "taken")
            with pytest.raises(StorageConflict):
                await storage.write(put_then_take, "half", "taken")
            with pytest.raises(StorageConflict):
                await storage.write(session_of_nobody)
            assert await storage.read(get, "half") is None
            await storage.close()

        in_a_loop(test())

    def test_a_failing_unit_takes_none_of_its_neighbours_along(self, database: Database) -> None:
        async def test() -> None:
            storage = await database.open()
            await storage.write(add_event, "taken")
            units = []
            for i in range(40):
                units.append(storage.write(put, f"good {i}"))
                units.append(storage.write(put_then_raise, f"raises {i}"))
                units.append(storage.write(put_then_take, f"breaks {i}", "taken"))
            outcomes = await asyncio.gather(*units, return_exceptions=True)
            kinds = [type(outcome) for outcome in outcomes]
            assert kinds == [type(None), ZeroDivisionError, StorageConflict] * 40
            for i in range(40):
                assert await storage.read(get, f"good {i}") == "there"
                assert await storage.read(get, f"raises {i}") is None
                assert await storage.read(get, f"breaks {i}") is None
            await storage.close()

        in_a_loop(test())

    def test_whatever_was_acknowledged_is_read_here_and_by_every_other_process(
        self, database: Database
    ) -> None:
        async def test() -> None:
            here, there = await database.open(), await database.open()
            for i in range(50):
                writer, other = (here, there) if i % 2 else (there, here)
                await writer.write(put, f"fact {i}")
                assert await writer.read(get, f"fact {i}") == "there"
                assert await other.read(get, f"fact {i}") == "there"
            await here.close()
            await there.close()

        in_a_loop(test())

    @pytest.mark.proves("T-10")
    def test_of_many_that_count_at_once_on_two_processes_each_gets_a_number_of_its_own(
        self, database: Database
    ) -> None:
        async def test() -> None:
            here, there = await database.open(), await database.open()
            units = [s.write(count, "guesses") for _ in range(150) for s in (here, there)]
            assert sorted(await asyncio.gather(*units)) == list(range(1, 301))
            await here.close()
            await there.close()

        in_a_loop(test())

    def test_a_caller_that_goes_away_disturbs_nobody(self, database: Database) -> None:
        async def test() -> None:
            storage = await database.open()
            for i in range(30):
                impatient = asyncio.create_task(storage.write(count, "impatient"))
                patient = asyncio.create_task(storage.write(count, "patient"))
                await asyncio.sleep(0 if i % 2 else 0.001)
                impatient.cancel()
                assert await patient == i + 1
            await storage.close()

        in_a_loop(test())

    @pytest.mark.proves("S-42")
    def test_what_one_process_announces_wakes_whoever_waits_on_another(
        self, database: Database
    ) -> None:
        def decide(name: str) -> Work[None]:
            yield from put(name)
            yield from announce(name)

        async def test() -> None:
            here, there = await database.open(), await database.open()
            hub = Hub(here)
            for i in range(20):
                name = f"decision {i}"
                look = functools.partial(here.read, get, name)
                waiting = asyncio.create_task(hub.wait(name, seconds=20, check=look))
                await asyncio.gather(there.write(decide, name), here.write(count, "own"))
                assert await waiting == "there"
            hub.close()
            await here.close()
            await there.close()

        in_a_loop(test())

    def test_close_finishes_what_was_accepted_and_refuses_what_comes_after(
        self, database: Database
    ) -> None:
        async def test() -> None:
            storage = await database.open()
            accepted = [asyncio.create_task(storage.write(count, "drained")) for _ in range(300)]
            await asyncio.sleep(0)
            await storage.close()
            assert sorted(await asyncio.gather(*accepted)) == list(range(1, 301))
            for attempt in (storage.write(count, "late"), storage.read(get, "late")):
                with pytest.raises(StorageUnavailable):
                    await attempt
            await storage.close()
            again = await database.open()
            assert await again.write(count, "drained") == 301
            await again.close()

        in_a_loop(test())

    def test_what_was_written_is_there_after_opening_again(self, database: Database) -> None:
        async def test() -> None:
            storage = await database.open()
            await storage.write(put, "kept")
            await storage.close()
            for _ in range(3):
                storage = await database.open()
                assert await storage.read(get, "kept") == "there"
                await storage.close()

        in_a_loop(test())

    def test_a_newer_schema_is_refused_by_its_number_and_left_alone(
        self, database: Database
    ) -> None:
        async def test() -> None:
            storage = await database.open()
            await storage.write(put, "kept")
            await storage.close()
            database.set_schema_number(999)
            with pytest.raises(StorageUnavailable, match="schema 999"):
                await database.open()
            database.set_schema_number(migrations.load({})[-1][0])
            storage = await database.open()
            assert await storage.read(get, "kept") == "there"
            await storage.close()

        in_a_loop(test())
