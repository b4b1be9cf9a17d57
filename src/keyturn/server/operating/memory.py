"""What a serving process keeps in memory, and what its garbage collector looks through."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

# From malloc.h of glibc.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20


def return_large_blocks() -> None:
    """Have a password hash's 19 MiB go back to the system with each hash.

    glibc would otherwise keep the first of them, in every thread, for blocks to come (mallopt(3),
    "dynamic mmap threshold"). Call it before anything is hashed.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def settle() -> None:
    """Let the garbage collector leave alone what is loaded by now and stays.

    Looking through all of it takes a tenth of a second, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
