"""What the client does to the world around it, as one value that tests replace."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from keyturn.client import clock


def to_stderr(prefix: str) -> Callable[[str], None]:
    """Return a listener that writes lines beginning with ``prefix`` to stderr, if there is one."""

    def write(message: str) -> None:
        if sys.stderr is not None:
            sys.stderr.write(f"{prefix}{message}\n")

    return write


_warn = to_stderr("warn  ")


def _open_url(url: str) -> bool:
    from keyturn.net.browser import open_url

    return open_url(url, os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Clock, randomness, browser and messages.

    Attributes:
        now: Returns epoch seconds.
        monotonic: Returns seconds that only ever grow.
        sleep: Does nothing for the seconds given.
        random_bytes: Returns that many bytes nobody can guess.
        open_url: Starts a browser and returns at once; says whether one was started.
        warn: Tells the person something that must not be missed, even without ``--verbose``.
        trace: Told what happens to a session, never a secret; ``None``: nobody listens.
    """

    now: Callable[[], float] = clock.now
    monotonic: Callable[[], float] = clock.monotonic
    sleep: Callable[[float], None] = clock.sleep
    random_bytes: Callable[[int], bytes] = os.urandom
    open_url: Callable[[str], bool] = _open_url
    warn: Callable[[str], None] = _warn
    trace: Callable[[str], None] | None = None
