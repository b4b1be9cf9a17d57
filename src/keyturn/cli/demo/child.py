"""One child process of the demo: its lines as they come, its end whatever happens."""

from __future__ import annotations

import queue
import subprocess
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STOP_SECONDS = 10.0


def _ignore(line: str) -> None:
    pass


class Child:
    """A running process.

    Args:
        argv: The program and its arguments.
        environment: The whole of it.
        on_line: Told every line of its output, on a thread of its own.
        visible: It has the terminal to itself instead, keyboard included.
        log: A file for its stderr, apart from its output.
        own_group: Ctrl-C does not reach it: the demo ends it when it is no longer needed.

    Attributes:
        lines: Its output so far.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        *,
        on_line: Callable[[str], None] = _ignore,
        visible: bool = False,
        log: IO[str] | None = None,
        own_group: bool = False,
    ) -> None:
        self.lines: list[str] = []
        self._on_line = on_line
        self._arriving: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603 - our own programs, as an argument list
            argv,
            env=environment,
            stdin=None if visible else subprocess.DEVNULL,
            stdout=None if visible else subprocess.PIPE,
            stderr=None if visible else (log or subprocess.STDOUT),
            encoding="utf-8",
            errors="replace",
            start_new_session=own_group,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def first_line(self, *, seconds: float) -> str:
        """Return the first line of its output; empty when none came in time or at all."""
        try:
            return self._arriving.get(timeout=seconds) or ""
        except queue.Empty:
            return ""

    def wait(self, *, seconds: float | None = None) -> int | None:
        """Wait until it has ended and every line was told; ``None``: it takes longer than that."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(_STOP_SECONDS)
        return status

    def end(self) -> None:
        """Have it end: politely first."""
        if self.running:
            self._process.terminate()
        if self.wait(seconds=_STOP_SECONDS) is None:
            self._process.kill()
            self.wait()

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))
                self._arriving.put(self.lines[-1])
                self._on_line(self.lines[-1])
        self._arriving.put(None)
