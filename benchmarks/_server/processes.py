"""What a running server costs: processor time and memory of its whole process tree (Linux)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

PATIENCE_SECONDS = 60.0
_KIB = 1024


@dataclass
class Server:
    """One running server.

    Attributes:
        name: What the tables call it.
        port: Where it listens, on 127.0.0.1.
        pid: Its first process.
        facts: What else its first line said.
    """

    name: str
    port: int
    pid: int
    facts: dict[str, Any] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """Return the processor time that its living processes have used."""
        return sum(_cpu_seconds(pid) for pid in family(self.pid))

    def memory_mib(self) -> float:
        """Return its memory; pages that its processes share count once."""
        return sum(_proportional_kib(pid) for pid in family(self.pid)) / _KIB


def family(pid: int) -> list[int]:
    """Return a process and all that it has started, and they."""
    found = [pid]
    for parent in found:
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, tasks.read_text().split())
    return found


def _cpu_seconds(pid: int) -> float:
    # The process's own clock, in nanoseconds and with threads that have ended; /proc counts in
    # hundredths of a second.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _proportional_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


@contextmanager
def started(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    leaves: signal.Signals = signal.SIGTERM,
) -> Iterator[tuple[int, IO[str]]]:
    """Run a program in a process group of its own; yield its pid and what it prints."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            env=None if env is None else dict(env),
            cwd=folder,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        yield process.pid, process.stdout
    finally:
        # The group is ours: nobody else's process is in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, leaves)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
