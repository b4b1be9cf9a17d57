"""Hearing what other processes decided, through LISTEN and NOTIFY (server promise S-42).

The word goes out with the commit that it is about, so it is neither early nor forgotten. While the
connection is down words are missed; when it is back everybody who waits looks once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import asyncpg

log: logging.Logger = logging.getLogger("keyturn.postgres")

CHANNEL = "keyturn"
RETRY_SECONDS = 1.0
# A connection that a firewall has forgotten says nothing for ever; asking finds out.
ASK_SECONDS = 30.0


class Listener:
    """One connection that listens; it comes back when it breaks.

    Attributes:
        told: Called with each topic; with ``None`` when something may have been missed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._task: asyncio.Task[None] | None = None
        self.told: Callable[[str | None], None] = lambda _: None

    async def start(self) -> None:
        """Connect and listen. Raises what asyncpg raises, so that a start fails early."""
        connection = await self._connected()
        self._task = asyncio.create_task(self._stay(connection))

    async def stop(self) -> None:
        """Hang up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _connected(self) -> Any:
        connection = await asyncpg.connect(
            self._url, timeout=5, server_settings={"application_name": "keyturn listener"}
        )
        try:
            await connection.add_listener(CHANNEL, self._word)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _stay(self, connection: Any) -> None:
        while True:
            try:
                await self._until_it_breaks(connection)
            finally:
                connection.terminate()
            connection = await self._again()
            self.told(None)

    async def _until_it_breaks(self, connection: Any) -> None:
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        while not connection.is_closed():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(broken.wait(), ASK_SECONDS)
                return
            try:
                await connection.execute("SELECT 1", timeout=5)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                return

    async def _again(self) -> Any:
        log.warning("the connection that listens is gone; coming back")
        while True:
            try:
                return await self._connected()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await asyncio.sleep(RETRY_SECONDS)

    def _word(self, _connection: object, _process: int, _channel: str, topic: object) -> None:
        self.told(str(topic))
