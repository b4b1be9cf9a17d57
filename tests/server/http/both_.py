"""The same bytes to uvicorn's own HTTP protocol and to ours, over real sockets, on one app."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from keyturn.server.http.connection import BoundedProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.types import Message, Receive, Scope, Send

PATIENCE_SECONDS = 5.0
_HEAD = re.compile(rb"HTTP/1\.[01] \d{3} [^\r]*\r\n(?:[^\r]+\r\n)*\r\n")
_TEXT = [(b"content-type", b"text/plain")]


@dataclass(slots=True)
class Seen:
    """What the app was handed, and what came back to the client."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    answered: bytes = b""


class App:
    """Answers as its path says, and notes what it was asked."""

    def __init__(self) -> None:
        self.seen = Seen()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/unread"):
            self._note(scope, None)
            await _answer(send, 200, b"I did not listen")
            return
        body = await _whole(receive)
        self._note(scope, body)
        if path.startswith("/broken"):
            raise ZeroDivisionError
        if path.startswith("/breaks"):
            await send({"type": "http.response.start", "status": 200, "headers": _TEXT})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ZeroDivisionError
        if path.startswith("/parts"):
            await send({"type": "http.response.start", "status": 200, "headers": _TEXT})
            for part in (b"one", b"", b"two" * 100):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        status = {"/nothing": 204, "/same": 304, "/made": 201}.get(path, 200)
        said = b"" if status in (204, 304) else b"you said " + body
        await _answer(send, status, said, closing=path.startswith("/closing"))

    def _note(self, scope: Scope, body: bytes | None) -> None:
        keys = ("type", "http_version", "method", "scheme", "path", "raw_path", "query_string")
        told = [scope[key] for key in keys]
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        self.seen.asked.append((*told, scope["root_path"], headers, body))


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return body + b" (gone)"
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(send: Send, status: int, body: bytes, *, closing: bool = False) -> None:
    headers = [*_TEXT, (b"content-length", str(len(body)).encode())]
    if closing:
        headers.append((b"connection", b"close"))
    if status == 204:
        headers = []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(protocol: Any) -> AsyncIterator[tuple[int, App]]:
    """Serve an App over ``protocol`` on a port of this computer."""
    app, state = App(), ServerState()
    config = uvicorn.Config(
        app, ws="none", lifespan="off", server_header=False, date_header=False, log_level="critical"
    )
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1], app
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()


async def told(protocol: Any, pieces: Sequence[bytes]) -> Seen:
    """Send ``pieces`` one after another, then hang up the sending side; return what came of it."""
    async with listening(protocol) as (port, app):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        with suppress(ConnectionError, asyncio.TimeoutError):
            while more := await asyncio.wait_for(reader.read(65536), PATIENCE_SECONDS):
                app.seen.answered += more
        writer.close()
        app.seen.answered = _HEAD.sub(lambda head: _sorted(head[0]), app.seen.answered)
        return app.seen


def _sorted(head: bytes) -> bytes:
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return b"\r\n".join((first, *sorted(line.lower() for line in lines), b"", b""))


async def both(pieces: Sequence[bytes]) -> tuple[Seen, Seen]:
    """Return what uvicorn's protocol made of it, and ours."""
    theirs, ours = await asyncio.gather(told(HttpToolsProtocol, pieces), told(Ours, pieces))
    return theirs, ours


class Ours(BoundedProtocol):
    """Ours, made as uvicorn makes protocols."""

    __slots__ = ()
