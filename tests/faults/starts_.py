"""A first start as a process of its own does it, and what has to be there afterwards.

Imports no more than that takes.
"""

import asyncio
import json
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from keyturn.server.first_start import first_start
from keyturn.server.projects.service import DEFAULT_CLIENT, KINDS
from keyturn.server.services import open_services
from keyturn.server.settings import Settings


def start(data: Path) -> None:
    """Do a first start."""
    asyncio.run(first_start(Settings(data=data)))


def start_when_told(data: Path, go: Event, going: Event) -> None:
    """Say that this process is there, wait, then do a first start."""
    going.set()
    go.wait(60)
    start(data)


async def facts(data: Path) -> dict[str, Any]:
    """Open the data as the next start does and return what is there."""
    services = await open_services(Settings(data=data))
    try:
        kept = json.loads((data / "project-default-keys.json").read_text())
        keys = [await services.projects.key_kind("default", kept[kind]) for kind in KINDS]
        return {
            "projects": [project.id for project in await services.projects.all()],
            "client": await services.projects.client(DEFAULT_CLIENT) is not None,
            "keys": keys,
        }
    finally:
        await services.close()


def assert_whole(data: Path) -> None:
    """Check that there is one project with its client, and that the kept keys are its own."""
    found = asyncio.run(facts(data))
    assert found == {"projects": ["default"], "client": True, "keys": list(KINDS)}
