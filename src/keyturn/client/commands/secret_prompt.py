"""Asking for a secret on a terminal, unseen, and bringing the terminal back whatever ends it."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from getpass import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def prompt_secret(prompt: str) -> str:
    """Return what was typed, trimmed; empty at the end of input and when the terminal is gone."""
    try:
        with _unwinding_when_terminated():
            return getpass(prompt, stream=sys.stderr).strip()
    except (EOFError, OSError):
        return ""


@contextmanager
def _unwinding_when_terminated() -> Iterator[None]:
    """Have SIGTERM unwind the stack, so that getpass, which has hidden the echo, shows it again."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals are the main thread's business.
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
