"""Reading a file that nobody else may have read, written or planted.

What looks wrong is refused with a remedy. It is never followed, and never mended behind its
owner's back: whoever could read the file may have the tokens already, and should be thought of.
"""

from __future__ import annotations

import contextlib
import errno
import os

from keyturn.protocol.errors import StoreReadFailed

MAX_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

# O_NOFOLLOW refuses a symbolic link, O_NONBLOCK keeps a fifo from hanging us; Windows has neither.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_TYPE, _REGULAR, _DIRECTORY, _STICKY = 0o170000, 0o100000, 0o040000, 0o1000
_POSIX = os.name == "posix"


def read_private(path: str) -> bytes | None:
    """Return the whole content of ``path``, or ``None`` where there is no such file.

    Raises:
        StoreReadFailed: it cannot be read, or it is no regular file, or somebody else's, or others
            may read it, or it has a second name, or others may replace it.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        why = _objection(descriptor, path) if _POSIX else None
        if why is not None:
            raise _refused(path, *why)
        content = os.read(descriptor, _CHUNK_BYTES)
        while more := os.read(descriptor, _CHUNK_BYTES):
            content += more
            if len(content) > MAX_BYTES:
                raise _refused(path, "is too big", "Move it away")
        return content
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        with contextlib.suppress(OSError):  # It has been read; there is nothing left to lose.
            os.close(descriptor)


def _objection(descriptor: int, path: str) -> tuple[str, str] | None:
    """Return what is wrong with an open file, and the remedy; or ``None``."""
    facts = os.fstat(descriptor)
    if facts.st_mode & _TYPE != _REGULAR:
        return "is no regular file", "Move it away"
    if facts.st_uid != os.geteuid():
        return "belongs to another user", "Run this as its owner, or move it away"
    if facts.st_mode & 0o077:
        return "can be read by other users", f"Run `chmod 600 {path}`"
    if facts.st_nlink > 1:  # 0 is fine: somebody renamed a newer file over it after we opened it.
        return "has a second name (hard link)", "Remove the other name"
    return directory_objection(os.path.dirname(path))


def directory_objection(directory: str) -> tuple[str, str] | None:
    """Return what is wrong with the directory of private files, and the remedy; or ``None``."""
    facts = os.stat(directory)
    if facts.st_mode & _TYPE != _DIRECTORY:
        return "is in no directory", f"Move {directory} away"
    if facts.st_uid not in (os.geteuid(), 0):
        return "is in another user's directory", "Choose a directory of your own"
    if facts.st_mode & 0o022 and not facts.st_mode & _STICKY:
        return "can be replaced by other users", f"Run `chmod 700 {directory}`"
    return None


def _refused(path: str, why: str, remedy: str) -> StoreReadFailed:
    return StoreReadFailed(f"{path} {why}, so it is not used.", hint=f"{remedy}, then try again.")


def _unreadable(path: str, error: OSError) -> StoreReadFailed:
    if error.errno == errno.ELOOP:
        return _refused(path, "is a symbolic link", "Put the file itself there")
    return StoreReadFailed(f"{path} could not be read: {os.strerror(error.errno or 0)}.")
