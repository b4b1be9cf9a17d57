"""A real terminal for a real process: a pseudo-terminal that tests type into and read from."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 20.0


class Terminal:
    """Runs one program on a terminal of its own, as its foreground process.

    Args:
        argv: The program.
        env: Its whole environment.
        stdout: Somewhere else for its answers, as for subprocess; the terminal where left out.
        stdin: Somewhere else for its input.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        stdout: Any = None,
        stdin: Any = None,
    ) -> None:
        self.shown = ""
        self._ours, self._theirs = pty.openpty()
        termios.tcsetwinsize(self._theirs, (24, 120))
        self.modes = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [str(part) for part in argv],
            env=dict(env),
            stdin=self._theirs if stdin is None else stdin,
            stdout=self._theirs if stdout is None else stdout,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=self._become_controlling,
        )

    def _become_controlling(self) -> None:
        fcntl.ioctl(2 if os.isatty(2) else 0, termios.TIOCSCTTY, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        os.close(self._ours)
        os.close(self._theirs)

    def expect(self, text: str) -> str:
        """Read until ``text`` was shown; return everything shown so far."""
        until = time.monotonic() + PATIENCE_SECONDS
        while text not in self.shown:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} did not come; on the terminal:\n{self.shown}"
            self._read(left)
        return self.shown

    def type(self, text: str) -> None:
        """Type ``text``; a newline is the Enter key, ``\\x03`` is Ctrl-C."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read on until the program has ended; return its exit status."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < until, f"still running; on the terminal:\n{self.shown}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.wait()

    def same_modes(self) -> bool:
        """Say whether echo, line editing and signals are as they were before the program."""
        return termios.tcgetattr(self._theirs) == self.modes

    def interrupt(self) -> None:
        """Send the interrupt signal from outside, as a supervisor does."""
        self.process.send_signal(signal.SIGINT)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # nobody holds the other end any more
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what a program that was started is about to do."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)
