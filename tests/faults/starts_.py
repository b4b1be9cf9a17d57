"""A first start as a process of its own does it. Imports no more than that takes."""

import asyncio
from multiprocessing.synchronize import Event
from pathlib import Path

from keyturn.server.first_start import first_start
from keyturn.server.settings import Settings


def start(data: Path) -> None:
    """Do a first start."""
    asyncio.run(first_start(Settings(data=data)))


def start_when_told(data: Path, go: Event, going: Event) -> None:
    """Say that this process is there, wait, then do a first start."""
    going.set()
    go.wait(60)
    start(data)
