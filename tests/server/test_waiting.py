"""The hub: held requests wake on decisions, whoever made them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from keyturn.server.waiting import Hub


class QuietStorage:
    """Stands for another process's database: tests say when it changed."""

    def __init__(self) -> None:
        self.version = 0

    def subscribe(self, told: Callable[[str | None], None]) -> bool:
        return False

    async def changes(self) -> object:
        return self.version


def hub_on(storage: QuietStorage) -> Hub:
    return Hub(storage)  # type: ignore[arg-type]


def answers(
    values: list[Any], *, in_vain: int = 2
) -> tuple[Callable[[], Awaitable[Any]], asyncio.Event]:
    """Return a check that gives ``values`` once it has looked in vain, and an event for that.

    Who is the first to wait looks twice: beforehand, and once the hub has begun to watch others.
    """
    looked, left = asyncio.Event(), in_vain

    async def check() -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return values.pop(0) if values else None
        if left == 0:
            looked.set()
        return None

    return check, looked


@pytest.mark.proves("S-40")
def test_a_wake_up_makes_the_waiter_look_again_and_answers_it() -> None:
    async def run() -> None:
        hub = hub_on(QuietStorage())
        check, looked = answers(["decided"])
        waiting = asyncio.create_task(hub.wait("a", seconds=30, check=check))
        await looked.wait()
        hub.wake("a")
        assert await waiting == "decided"
        assert len(hub) == 0

    asyncio.run(run())


@pytest.mark.proves("S-40")
def test_a_decision_between_registering_and_looking_is_not_lost() -> None:
    async def run() -> None:
        hub = hub_on(QuietStorage())
        values = [None, "decided"]

        async def check() -> Any:
            found = values.pop(0)
            hub.wake("a")  # decided while this look was under way
            return found

        assert await hub.wait("a", seconds=30, check=check) == "decided"

    asyncio.run(run())


@pytest.mark.proves("S-40")
def test_a_second_held_request_for_a_topic_ends_the_first() -> None:
    async def run() -> None:
        hub = hub_on(QuietStorage())
        first_check, looked = answers([])
        first = asyncio.create_task(hub.wait("a", seconds=30, check=first_check))
        await looked.wait()
        second_check, second_looked = answers(["decided"], in_vain=1)
        second = asyncio.create_task(hub.wait("a", seconds=30, check=second_check))
        assert await first is None
        await second_looked.wait()
        hub.wake("a")
        assert await second == "decided"

    asyncio.run(run())


def test_the_deadline_answers_with_nothing() -> None:
    async def run() -> None:
        check, _ = answers([])
        assert await hub_on(QuietStorage()).wait("a", seconds=0.01, check=check) is None

    asyncio.run(run())


@pytest.mark.proves("S-42")
def test_a_write_of_another_process_makes_every_waiter_look_again() -> None:
    async def run() -> None:
        storage = QuietStorage()
        hub = hub_on(storage)
        check, looked = answers(["decided elsewhere"])
        waiting = asyncio.create_task(hub.wait("a", seconds=30, check=check))
        await looked.wait()
        storage.version += 1
        assert await waiting == "decided elsewhere"

    asyncio.run(run())


def test_closing_answers_everybody_who_waits_and_whoever_comes_after() -> None:
    async def run() -> None:
        hub = hub_on(QuietStorage())
        check, looked = answers([])
        waiting = asyncio.create_task(hub.wait("a", seconds=30, check=check))
        await looked.wait()
        hub.close()
        assert await waiting is None
        late, _ = answers([])
        assert await hub.wait("b", seconds=30, check=late) is None

    asyncio.run(run())
