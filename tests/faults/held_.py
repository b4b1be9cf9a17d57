"""Requests whose answers are being held back until somebody decides."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator

from tests.faults.racers_ import Send
from tests.faults.steps_ import stack_send

HOLD = {"prefer": "wait=60"}


class Held:
    """A request whose answer is being held back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def begin(cls, request: Send) -> "Held":
        """Send a request that waits."""
        reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
        body = request.body.encode()
        headers = request.headers | HOLD | {"host": "x", "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST {request.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        await writer.drain()
        return cls(reader, writer)

    async def answer(self) -> tuple[int, dict[str, str]]:
        """Return status and object once they come."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = re.search(r"content-length: (\d+)", head)
        assert length is not None
        body = await self._reader.readexactly(int(length[1]))
        return int(head.split()[1]), json.loads(body)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@contextlib.asynccontextmanager
async def held(requests: list[Send]) -> AsyncIterator[list[Held]]:
    """Keep requests waiting while the block runs."""
    waiting = await asyncio.gather(*(Held.begin(request) for request in requests))
    try:
        yield waiting
    finally:
        await asyncio.gather(*(one.close() for one in waiting))


def poll_send(port: int, polling_code: str) -> Send:
    """Return the request that polls a CLI sign-in."""
    return stack_send(port, "/auth/cli/poll", polling_code=polling_code)
