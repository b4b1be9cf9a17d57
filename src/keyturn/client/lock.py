"""A lock between processes that the kernel releases when its holder dies.

``flock`` on POSIX, ``msvcrt.locking`` on Windows. Never an existence lock: whoever dies holding one
leaves it behind, and everybody after them waits for nobody. The file stays when the lock is
released; removing it would let two processes lock two files of one name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from keyturn.protocol.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from keyturn.client.effects import Effects

LIMIT_SECONDS = 30.0

# What a file system says that has no locks: some network and container mounts.
_CANNOT = frozenset(
    getattr(errno, name) for name in ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EINVAL")
)
_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


class LockTimeout(Exception):
    """Somebody else held the lock all the time."""


class FileLock:
    """An exclusive lock on a file, between processes and between threads.

    Used as a context manager. Not re-entrant: one object is held once.

    Args:
        path: The lock file; created when missing, in a directory that must be there.
        effects: The clock, sleep and randomness.
        limit_seconds: How long to wait.

    Attributes:
        effective: False where the file system cannot lock: the holder must then expect company.
    """

    def __init__(
        self, path: str, *, effects: Effects, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self.effective: bool = True
        self._path = path
        self._effects = effects
        self._limit = limit_seconds
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        """Wait for the lock.

        Raises:
            LockTimeout: it was not free in time.
            StoreUnavailable: the lock file cannot be opened.
        """
        self._descriptor = _open(self._path)
        try:
            self._wait()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _wait(self) -> None:
        give_up = self._effects.monotonic() + self._limit
        while not self._try():
            if self._effects.monotonic() >= give_up:
                raise LockTimeout
            # 2 to 25 ms, at random, so that many waiters do not come back as one.
            self._effects.sleep(0.002 + self._effects.random_bytes(1)[0] / 255 * 0.023)

    def _try(self) -> bool:
        try:
            _lock(self._descriptor)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            if error.errno in _CANNOT:
                self.effective = False
                return True
            raise StoreUnavailable(f"{self._path} could not be locked.") from error
        return True

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        try:
            os.close(descriptor)  # Which also releases the lock.
        except OSError:
            # POSIX leaves open whether it is closed now; what the lock was for is done either way.
            with contextlib.suppress(OSError):
                _unlock(descriptor)


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise StoreUnavailable(f"{path} could not be opened: {reason}.") from None


if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
