"""Programs that wait for a decision: they cost memory and nothing else, and hear of it at once."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.held_ import held, poll_send
from tests.faults.racers_ import Send
from tests.faults.servers_ import Server, serving
from tests.faults.steps_ import (
    approve_device,
    cli_attempt,
    complete,
    device,
    device_send,
    good,
    guest,
    signed_up,
)
from tests.faults.tracing_ import calls, tracing
from tests.requirements_ import rounds

WAITERS = 1000
QUIET_SECONDS = 5
# Far less than the minute it would wait otherwise, and enough for a machine that is busy.
SOON_SECONDS = 5
# Every statement locks the index before it looks at anything, so none can hide from these.
OPTIONS = ("-y", "-e", "trace=fcntl,pread64,pwrite64,fdatasync,ftruncate,openat")


def kilobytes(server: Server) -> int:
    """Return how much memory a server holds."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


def touched(log: Path) -> int:
    """Return how many calls in a trace had to do with the database."""
    return sum("keyturn.sqlite3" in call.arguments for call in calls(log))


async def touches(server: Server, log: Path, *, seconds: float) -> int:
    """Watch a server for a while; return how often it touched its database."""
    with tracing(server.pid, log, OPTIONS):
        await asyncio.sleep(seconds)
    return touched(log)


async def settled(server: Server, log: Path) -> None:
    """Wait until the last of those who wait has arrived and looked."""
    for _ in range(60):
        if await touches(server, log, seconds=0.5) == 0:
            return
    raise AssertionError("it never came to rest")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    with serving(tmp_path_factory.mktemp("waiting") / "data", count=2) as started:
        yield started


@pytest.mark.sweep
@pytest.mark.proves("S-40")
def test_a_thousand_that_wait_run_no_statement_for_5_seconds_and_then_hear_at_once(
    servers: list[Server], tmp_path: Path
) -> None:
    server, log = servers[0], tmp_path / "calls"
    browser = guest(server)["refresh_token"]
    attempts = [cli_attempt(server) for _ in range(WAITERS // 2)]
    devices = [device(server)["device_code"] for _ in range(WAITERS // 2)]
    requests = [poll_send(server.port, attempt["polling_code"]) for attempt in attempts]
    requests += [device_send(server.port, code) for code in devices]
    before = kilobytes(server)

    async def test() -> None:
        async with held(requests) as waiting:
            await settled(server, log)
            holding = kilobytes(server)
            assert await touches(server, log, seconds=QUIET_SECONDS) == 0
            with tracing(server.pid, log, OPTIONS):
                good(complete(server, attempts[0]["login_code"], browser))
                status, told = await waiting[0].answer()
            # The same eyes see statements where there are some.
            assert touched(log) > 0
            assert (status, told["refresh_token"]) == (201, browser)
        print(
            f"{WAITERS} waiting: {holding // 1024} MB in all, "
            f"{(holding - before) / WAITERS:.1f} kB each"
        )

    asyncio.run(test())


@pytest.mark.proves("S-42")
def test_a_decision_at_one_process_wakes_who_waits_at_the_other(
    servers: list[Server],
) -> None:
    here, there = servers
    browser, ada = guest(here)["refresh_token"], signed_up(here, "ada@example.com")

    async def decided(request: Send, decide: Callable[[], object]) -> float:
        async with held([request]) as waiting:
            await asyncio.sleep(0.05)  # so that it usually waits already; it need not
            await asyncio.to_thread(decide)
            began = time.monotonic()
            status, _ = await asyncio.wait_for(waiting[0].answer(), 10)
            assert status in (200, 201)
            return time.monotonic() - began

    async def test() -> None:
        for _ in range(rounds(bounded=5, full=100)):
            attempt, code = cli_attempt(here), device(here)
            took = await decided(
                poll_send(there.port, attempt["polling_code"]),
                partial(complete, here, attempt["login_code"], browser),
            )
            assert took < SOON_SECONDS
            took = await decided(
                device_send(there.port, code["device_code"]),
                partial(approve_device, ada, code["user_code"]),
            )
            assert took < SOON_SECONDS

    asyncio.run(test())
