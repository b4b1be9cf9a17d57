"""Several serving processes behind one listening socket, and who starts, replaces and ends them.

The parent opens the socket and serves nothing itself. Workers are fresh programs, never forks: no
thread, lock or database connection is carried over. One that dies is replaced; when the parent
dies, however suddenly, its end of a pipe closes and the workers drain by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log: logging.Logger = logging.getLogger("keyturn.supervisor")

# One that ends sooner than this was not fit to start; the next waits longer and longer.
LIVED_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
# How a worker ends that was asked to; by the signal itself, if it did not answer anybody yet.
CLEAN = (0, -signal.SIGTERM)


class Supervisor:
    """Keeps ``count`` workers running until it is told to stop.

    Args:
        command: What starts a worker; ``inherited`` of its three descriptors is put behind it.
        listener: The socket they share.
        count: How many.
        environ: The workers' variables.
        stop_seconds: How long a drain may take before what is left is killed.
        ready: Called once, when all of them answer.
        ended: Called with the process id of each that has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        listener: socket.socket,
        *,
        count: int,
        environ: Mapping[str, str],
        stop_seconds: float,
        ready: Callable[[], None],
        ended: Callable[[int], None],
    ) -> None:
        self._command, self._listener, self._count = list(command), listener, count
        self._environ, self._stop_seconds = dict(environ), stop_seconds
        self._ready, self._ended = ready, ended
        self._running: set[asyncio.subprocess.Process] = set()
        self._clean = True

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; 0 once all have drained, 1 if one could not start."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        self._stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        life, self._life = os.pipe()
        keepers: list[asyncio.Task[None]] = []
        try:
            starts = await asyncio.gather(*(self._start(life) for _ in range(self._count)))
            if not all(answers for _, answers in starts):
                self._clean = self._stopping.is_set()
            else:
                self._ready()
                keepers = [asyncio.create_task(self._keep(one, life)) for one, _ in starts]
                await self._stopping.wait()
            self._stopping.set()
            await self._stop()
            await asyncio.gather(*keepers)
        finally:
            os.close(self._life)
            os.close(life)
        return 0 if self._clean else 1

    async def _start(self, life: int) -> tuple[asyncio.subprocess.Process, bool]:
        """Start one worker; return it, and whether it came to answer."""
        told, tell = os.pipe()
        handed = (self._listener.fileno(), tell, life)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                ",".join(map(str, handed)),
                pass_fds=handed,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
            )
            self._running.add(process)
        finally:
            os.close(tell)
        if self._stopping.is_set():  # told to stop between two lines
            _ask_to_end(process)
        return process, await _first_byte(told) == b"."

    async def _keep(self, process: asyncio.subprocess.Process, life: int) -> None:
        """Wait for a worker's end and put another in its place, for as long as that is wanted."""
        loop, pause = asyncio.get_running_loop(), 0.0
        following: asyncio.subprocess.Process | None = process
        while True:
            began = loop.time()
            if following is not None:
                status = await self._gone(following)
                if self._stopping.is_set():
                    self._clean = self._clean and status in CLEAN
                    return
                log.error("worker %d ended with status %d", following.pid, status)
            lived = loop.time() - began >= LIVED_SECONDS
            pause = (
                0.0 if lived else min(max(pause * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return
            try:
                following, _ = await self._start(life)
            except OSError as error:  # no memory or no process to be had now
                following = None
                log.error("no worker could be started: %s", error.strerror)

    async def _gone(self, process: asyncio.subprocess.Process) -> int:
        status = await process.wait()
        self._running.discard(process)
        self._ended(process.pid)
        return status

    async def _stop(self) -> None:
        waiting = [asyncio.create_task(process.wait()) for process in self._running]
        for process in self._running:
            _ask_to_end(process)
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=self._stop_seconds)
        for process in list(self._running) if late else ():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(*waiting)


def inherited(text: str) -> tuple[int, int, int]:
    """Return the descriptors a worker was handed: the socket, who to tell, whose life it shares."""
    listening, tell, life = map(int, text.split(","))
    return listening, tell, life


def _ask_to_end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


async def _first_byte(descriptor: int) -> bytes:
    """Wait for a byte, or for the end of whoever could write one."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
        return os.read(descriptor, 1)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
