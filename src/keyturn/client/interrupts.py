"""Ctrl-C, SIGTERM and a closed terminal, put off while something must not be left half done."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# SIGINT first, so that it is the last to be handed back: its handler raises.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """Let the signals that ask a program to end wait until the block is done.

    The first to come is then sent again, to whatever handles it otherwise. What the program ignores
    stays ignored. The block has to be bounded: nobody can end it but SIGKILL and SIGQUIT.

    Only the main thread can do this. On any other nothing is put off: there Ctrl-C ends the main
    thread, and Python waits for this one.
    """
    came: list[int] = []
    with contextlib.ExitStack() as restored:
        for name in _ENDING:
            _note(getattr(signal, name, None), came, restored)  # Windows has no SIGHUP.
        try:
            yield
        finally:
            restored.close()
            if came:
                signal.raise_signal(came[0])


def _note(number: int | None, came: list[int], restored: contextlib.ExitStack) -> None:
    before = None if number is None else signal.getsignal(number)
    if number is None or before in (None, signal.SIG_IGN):
        return
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(number, lambda number, frame: came.append(number))
        restored.callback(signal.signal, number, before)
