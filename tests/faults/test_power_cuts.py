"""The power fails at any moment: whatever was acknowledged by then is there afterwards."""

import asyncio
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keyturn.server.services import DATABASE_FILE, open_services
from keyturn.server.settings import Settings
from tests.faults.power_ import OPTIONS, Folder, story
from tests.faults.starts_ import assert_whole, start
from tests.requirements_ import require, rounds

pytestmark = pytest.mark.sweep

# A first start, then enough to make SQLite carry its log over into the database several times;
# alone and side by side, each told to standard output once it is durable.
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from keyturn.server.first_start import first_start
from keyturn.server.services import open_services
from keyturn.server.settings import Settings
from keyturn.server.storage.base import run

settings = Settings(data=Path(sys.argv[1]))

def put(name):
    yield from run("insert_server_meta", name=name, value="x" * 6000)

async def told(storage, name):
    await storage.write(put, name)
    os.write(1, f"{name}\\n".encode())

async def main():
    await first_start(settings)
    os.write(1, b"started\\n")
    services = await open_services(settings)
    for i in range(220):
        await told(services.storage, f"alone {i}")
        if i % 4 == 0:
            await asyncio.gather(*(told(services.storage, f"beside {i} {j}") for j in range(5)))
    os.write(1, b"end\\n")
    os._exit(0)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("power")
    data, log = folder / "data", folder / "calls"
    data.mkdir(mode=0o700)
    strace = [require("strace"), "-f", "-qq", "-o", str(log), *OPTIONS]
    subprocess.run(
        [*strace, sys.executable, "-c", SCRIPT, str(data)],
        check=True,
        capture_output=True,
        timeout=120,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    yield log, data
    shutil.rmtree(folder)


@pytest.mark.proves("S-61")
def test_a_first_start_that_a_power_cut_ends_is_finished_by_the_next(
    log: tuple[Path, Path], tmp_path: Path
) -> None:
    before = itertools.takewhile(lambda step: step[0] is None, story(*log))
    chance, tried = random.SystemRandom(), 0
    for number, (_, folder) in enumerate(before):
        # Of the many writes between two syncs some will do; every sync and name counts.
        if folder.last != "pwrite64" or number % rounds(bounded=25, full=1) == 0:
            left = tmp_path / str(tried)
            folder.leave(left, chance if tried % 2 else None)
            start(left)
            assert_whole(left)
            tried += 1
    assert tried > 30


@pytest.mark.proves("S-30")
def test_no_power_cut_takes_anything_that_was_acknowledged(
    log: tuple[Path, Path], tmp_path: Path
) -> None:
    steps = sum(1 for _ in story(*log))
    cuts, chance = set(_cuts(steps)), random.SystemRandom()
    acknowledged: set[str] = set()
    tried = 0
    for number, (said, folder) in enumerate(story(*log)):
        acknowledged |= set((said or "").split("\n")) - {""}
        if acknowledged and number in cuts:
            for luck in (None, chance):
                assert_kept(folder, tmp_path / f"{tried}", luck, acknowledged)
                tried += 1
    assert "end" in acknowledged
    assert len(folder.names[DATABASE_FILE].live) > 1_000_000, "the log was never carried over"
    assert tried > len(cuts)
    print(f"{tried} power cuts, {len(acknowledged)} acknowledged writes")


def _cuts(steps: int) -> list[int]:
    wanted = rounds(bounded=40, full=500)
    return list(range(0, steps, max(1, steps // wanted)))


def assert_kept(
    folder: Folder, left: Path, luck: random.Random | None, acknowledged: set[str]
) -> None:
    folder.leave(left, luck)
    found = asyncio.run(_found(left))
    missing = acknowledged - found - {"started", "end"}
    assert not missing
    with closing(sqlite3.connect(left / DATABASE_FILE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    shutil.rmtree(left)


async def _found(data: Path) -> set[str]:
    """Start as after the cut, and return which facts are there."""
    services = await open_services(Settings(data=data))
    try:
        assert [project.id for project in await services.projects.all()] == ["default"]
        assert (data / "project-default-keys.json").stat().st_size > 0
    finally:
        await services.close()
    with closing(sqlite3.connect(data / DATABASE_FILE)) as database:
        return {name for (name,) in database.execute("SELECT name FROM server_meta")}
