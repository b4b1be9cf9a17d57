"""Replacing a private file as a whole: a reader, or a crash, finds the old one or the new one."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.client.effects import Effects

_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_SUFFIX = ".tmp"
_RENAME_TRIES = 50


def replace_private(path: str, content: bytes, *, effects: Effects) -> None:
    """Put ``content`` at ``path``, readable by its owner alone, and have it on disk on return.

    Raises:
        OSError: it was not possible; what was there before still is, and no stray file is left.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(
        directory, f"{_prefix(name)}{os.getpid()}.{effects.random_bytes(8).hex()}{_SUFFIX}"
    )
    descriptor = os.open(temporary, _FLAGS, 0o600)
    try:
        try:
            _fill(descriptor, content)
        finally:
            os.close(descriptor)
        _rename(temporary, path, effects)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_directory(directory)


def unfinished(path: str) -> list[str]:
    """Return the files of writers of ``path`` that are at work, or were killed at it.

    Raises:
        OSError: the directory cannot be read.
    """
    directory, name = os.path.split(path)
    found = [entry for entry in os.listdir(directory) if entry.startswith(_prefix(name))]
    return [os.path.join(directory, entry) for entry in found if entry.endswith(_SUFFIX)]


def reap(path: str) -> None:
    """Remove what writers that were killed left behind. Only under the lock that writers hold."""
    for left in unfinished(path):
        with contextlib.suppress(OSError):
            os.unlink(left)


def sync_directory(directory: str) -> None:
    """Make renames in ``directory`` survive a power cut, where the system knows how."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(descriptor)


def _prefix(name: str) -> str:
    return f".{name}."


def _fill(descriptor: int, content: bytes) -> None:
    if os.name == "posix":
        os.fchmod(descriptor, 0o600)  # The umask may have taken away even the owner's bits.
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _rename(temporary: str, path: str, effects: Effects) -> None:
    for remaining in reversed(range(_RENAME_TRIES)):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            # Windows refuses while anybody, a virus scanner for one, has the old file open.
            if os.name != "nt" or not remaining:
                raise
            effects.sleep(0.02)
