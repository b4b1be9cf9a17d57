"""Thousands of sign-ins that wait at one server, and others who ask it meanwhile."""

import asyncio
import contextlib
import json
import re
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.faults.racers_ import Send, form
from tests.faults.servers_ import Server
from tests.faults.steps_ import CLIENT, stack_send
from tests.requirements_ import go_without

# How many connections are opened, or used, at once.
TOGETHER = 16
HOLD = {"prefer": "wait=60"}


def allow_connections(count: int) -> None:
    """Let this process, and those it starts, have so many; go without where it may not."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 500
    if most != resource.RLIM_INFINITY and most < wanted:
        go_without(f"{wanted} open files are needed; the limit is {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def resident(server: Server) -> int:
    """Return how much memory a server holds. Bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) * 1024


class Line(asyncio.Protocol):
    """One kept connection: one request at a time, at little cost."""

    def __init__(self) -> None:
        self._arrived = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._closed = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, end, rest = self._arrived.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if end and length and len(rest) >= int(length[1]) and self._answer is not None:
            self._arrived = b""
            if not self._answer.done():  # nobody waits for it any more
                self._answer.set_result((int(head.split()[1]), rest))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None:
            self._answer.cancel()
        self._closed.set_result(None)

    async def close(self) -> None:
        """Hang up; who waits for an answer is cancelled."""
        self.transport.abort()
        await self._closed

    def send(self, request: Send, **headers: str) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; its status and body come."""
        body = request.body.encode()
        sent = request.headers | headers | {"host": "x", "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(
            f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode() + body
        )
        return self._answer

    async def good(self, request: Send) -> dict[str, Any]:
        """Send a request and return the object of its answer, which must be a good one."""
        status, body = await self.send(request)
        assert status < 300, (status, body)
        found: dict[str, Any] = json.loads(body) if body else {}
        return found


async def line(port: int) -> Line:
    """Connect."""
    _, made = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    return made


async def all_of(port: int, requests: list[Send]) -> list[dict[str, Any]]:
    """Send requests over a few connections; return the objects of their answers, in order."""
    found: list[dict[str, Any]] = [{}] * len(requests)
    left = list(enumerate(requests))

    async def some() -> None:
        own = await line(port)
        while left:
            number, request = left.pop()
            found[number] = await own.good(request)
        await own.close()

    await asyncio.gather(*(some() for _ in range(TOGETHER)))
    return found


def cli_start(port: int) -> Send:
    """Return the request that begins a CLI sign-in."""
    return stack_send(port, "/auth/cli")


def device_start(port: int) -> Send:
    """Return the request that begins a device authorization."""
    return form(port, "/oauth/device_authorization", client_id=CLIENT)


@contextlib.asynccontextmanager
async def waiting(
    port: int, requests: list[Send]
) -> AsyncIterator[list[asyncio.Future[tuple[int, bytes]]]]:
    """Hold requests while the block runs; yield what their answers come in."""
    lines: list[Line] = []
    try:
        for start in range(0, len(requests), TOGETHER):
            some = requests[start : start + TOGETHER]
            lines += await asyncio.gather(*(line(port) for _ in some))
        yield [one.send(request, **HOLD) for one, request in zip(lines, requests, strict=True)]
    finally:
        for one in lines:
            await one.close()


async def seconds_each(port: int, requests: list[Send]) -> list[float]:
    """Send requests one after another over one connection; return how long each took, sorted."""
    own, took = await line(port), []
    for request in requests:
        began = time.perf_counter()
        await own.good(request)
        took.append(time.perf_counter() - began)
    await own.close()
    return sorted(took)


def p99(took: list[float]) -> float:
    """Return the 99th percentile of sorted values."""
    return took[min(len(took) - 1, len(took) * 99 // 100)]
