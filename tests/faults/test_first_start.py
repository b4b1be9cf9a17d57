"""A first start that is killed anywhere, or happens twice at once, ends in one whole server."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from keyturn.server.projects.service import DEFAULT_CLIENT, KINDS
from keyturn.server.services import open_services
from keyturn.server.settings import Settings
from tests.faults.forks_ import all_at_once, forks
from tests.faults.starts_ import start, start_when_told
from tests.requirements_ import rounds

pytestmark = [pytest.mark.sweep, pytest.mark.proves("S-61")]


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
    found = asyncio.run(facts(data))
    assert found == {"projects": ["default"], "client": True, "keys": list(KINDS)}


def killed_after(seconds: float, data: Path) -> tuple[int | None, float]:
    """Begin a first start in a process of its own and kill it that much later.

    Returns:
        Its exit code, and how many seconds it had.
    """
    context = forks()
    go, going = context.Event(), context.Event()
    starter = context.Process(target=start_when_told, args=(data, go, going))
    starter.start()
    assert going.wait(60)
    began = time.monotonic()
    go.set()
    starter.join(seconds)
    starter.kill()
    starter.join()
    return starter.exitcode, time.monotonic() - began


def test_a_first_start_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    status, lasts = killed_after(60, tmp_path / "undisturbed")
    assert status == 0
    times = rounds(bounded=20, full=400)
    killed = 0
    for number in range(times):
        data = tmp_path / str(number)
        status, _ = killed_after(lasts * number / times, data)
        killed += status != 0
        start(data)
        assert_whole(data)
    assert killed > times // 4


def test_first_starts_at_once_agree_on_one_secret_one_project_and_its_keys(tmp_path: Path) -> None:
    for number in range(rounds(bounded=4, full=50)):
        data = tmp_path / str(number)
        assert all_at_once(4, start, data) == [0] * 4
        assert_whole(data)
