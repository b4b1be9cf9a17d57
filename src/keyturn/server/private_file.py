"""Files that hold secrets: private from their first byte, whole or absent, and made once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def create_once(path: Path, content: bytes) -> bool:
    """Make a file that only its owner can read, durably; false if it exists already.

    Of several processes at once, one makes it. Whoever looks finds no file or all of it.

    Raises:
        OSError: the folder is missing, full or cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.link(temporary, path)  # fails where somebody was first
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may take the file's name away and leave what was written after it:
    # a database whose secret is gone.
    if not hasattr(os, "O_DIRECTORY"):
        return  # not a POSIX system: folders cannot be synced there
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
