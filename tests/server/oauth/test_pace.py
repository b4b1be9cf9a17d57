"""The pace of polls: kept in the process at once, and for every other process a moment later."""

import asyncio
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from keyturn.server.oauth import store
from keyturn.server.storage.base import StorageUnavailable
from tests.server.in_process_ import InProcess, SetClock
from tests.server.oauth.grants_ import poll, start_device


@pytest.fixture
def beside(server: InProcess) -> Iterator[InProcess]:
    """Yield a second process on the same database."""
    second = InProcess(server.settings.data, clock=server.clock)
    yield second
    second.close()


def error(server: InProcess, code: str) -> str:
    return str(poll(server, code).json()["error"])


def polled_at(server: InProcess, code: str) -> int | None:
    code_hash = server.services.secret.hash("device code", code)
    row = server.run(server.services.storage.read(store.device, code_hash))
    assert row is not None
    found: int | None = row["last_polled_at"]
    return found


def until_known(server: InProcess, code: str, at: int) -> None:
    """Let a process go on until its polls of now are written."""

    async def a_moment() -> None:
        await asyncio.sleep(0.01)

    for _ in range(1000):
        if polled_at(server, code) == at:
            return
        server.run(a_moment())
    raise AssertionError("the poll was never written")


@pytest.mark.proves("S-23")
def test_a_program_is_slowed_down_by_whichever_process_it_asks(
    server: InProcess, beside: InProcess, clock: SetClock
) -> None:
    code = start_device(server)["device_code"]
    assert error(server, code) == "authorization_pending"
    until_known(server, code, clock.now)
    clock.advance(4)
    assert error(beside, code) == "slow_down"  # ten seconds from here on
    clock.advance(9)
    assert error(server, code) == "slow_down"
    clock.advance(15)
    assert error(beside, code) == "authorization_pending"


@pytest.mark.proves("S-23")
def test_an_older_poll_that_is_written_later_takes_no_newer_one_back(
    server: InProcess, beside: InProcess, clock: SetClock
) -> None:
    first, second = (start_device(server)["device_code"] for _ in range(2))
    assert error(server, first) == error(server, second) == "authorization_pending"
    clock.advance(6)
    assert error(beside, first) == "authorization_pending"
    until_known(beside, first, clock.now)
    until_known(server, second, clock.now - 6000)  # together with the first one's older poll
    assert polled_at(server, first) == clock.now


@pytest.mark.proves("S-23", "T-11")
def test_a_flood_of_polls_is_written_in_few_transactions(
    server: InProcess, clock: SetClock
) -> None:
    codes = [start_device(server)["device_code"] for _ in range(300)]
    storage, batches = server.services.storage, []
    write = storage.write

    async def counted(work: object, polls: list[tuple[str, int]]) -> None:
        assert work is store.note_device_polls
        batches.append(len(polls))
        await write(store.note_device_polls, polls)

    with patch.object(storage, "write", counted):
        assert {error(server, code) for code in codes} == {"authorization_pending"}
        for code in codes:
            until_known(server, code, clock.now)
    assert sum(batches) == 300
    assert max(batches) <= 256
    assert len(batches) < 100


@pytest.mark.proves("S-23")
def test_polls_that_cannot_be_written_are_answered_and_remembered(
    server: InProcess, clock: SetClock
) -> None:
    code = start_device(server)["device_code"]

    async def full(*_: object, **__: object) -> None:
        raise StorageUnavailable("the disk is full")

    with patch.object(server.services.storage, "write", full):
        assert error(server, code) == "authorization_pending"
        clock.advance(5)
        assert error(server, code) == "authorization_pending"
        clock.advance(1)
        assert poll(server, code).status_code == 503  # a slower pace is promised only when kept
    assert error(server, code) == "slow_down"
