"""Disks that are full, read-only or broken, for as long as a test needs them."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.faults.tracing_ import tracing
from tests.requirements_ import go_without


class SmallDisk:
    """A file system in memory with room for very little."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"\0" * 4096)

    def make_room(self) -> None:
        """Take away what ``fill`` put there."""
        self._ballast.unlink()

    def make_read_only(self) -> None:
        """Refuse every write from now on; nothing may be open for writing."""
        _run("mount", "-o", "remount,ro", str(self.path))


@contextlib.contextmanager
def small_disk(path: Path, *, megabytes: int = 4) -> Iterator[SmallDisk]:
    """Mount a small disk at ``path``, which must not exist."""
    if os.geteuid() != 0:
        go_without("only root can mount a small disk")
    path.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "keyturn-test", str(path))
    try:
        yield SmallDisk(path)
    finally:
        _run("umount", "--lazy", str(path))


@contextlib.contextmanager
def failing_calls(pid: int, *faults: str) -> Iterator[None]:
    """Let system calls of a running process fail, as a dying disk makes them.

    Args:
        pid: The process.
        faults: As strace's inject takes them, for example ``fdatasync:error=EIO``.
    """
    traced = ",".join(sorted({fault.partition(":")[0] for fault in faults}))
    injected = [part for fault in faults for part in ("-e", f"inject={fault}")]
    with tracing(pid, Path(os.devnull), ["-e", f"trace={traced}", *injected]):
        yield


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=30)
