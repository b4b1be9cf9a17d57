"""The sections for which servers are started apart: a slow disk, our ceiling, size, PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _numbers import Aim, ratio

from _server import lanes, ours, rivals
from _server.contest import OURS, Contest, Verdicts, cpus, rates, show
from _server.installing import Absent
from keyturn.server.services import DATABASE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _server.driver import Turn
    from _server.processes import Server
    from _server.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 64
FAMILIES = 10_000
DRAWN = 4096
FEW, MANY = 1_000, 1_000_000
SLOW_DISK = Aim(aim=12, stretch=25)
SHARE_OF_CEILING = Aim(aim=0.60, stretch=0.75)
# "Flat" has no number of its own: what one level more of every index may cost.
FLAT = Aim(aim=1.25, stretch=1.10, at_least=False)
TWO_PROCESSES = Aim(aim=1.15, stretch=1.05, at_least=False)


def slow_disk(stage: Stage, verdicts: Verdicts) -> None:
    """Refresh where every sync takes two milliseconds longer."""
    rival = rivals.OIDC_SQLITE
    try:
        env = {"LD_PRELOAD": str(_slow_syncs(stage.folder))}
        with _started(stage, OURS, env=env) as server, ExitStack() as stack:
            servers = {OURS: server}
            if not stage.alone:
                servers[rival.name] = stack.enter_context(rival.start(env))
                other = servers[rival.name]
                _refreshes(stage, rival.name, rival.refresh(other), other)
            found = _turns(stage, servers)
    except Absent as reason:
        print(f"  skipped: the slow disk; {reason}")
        return
    title = f"Refresh with 2 ms more per sync, {CONNECTIONS} connections"
    # The disk is what is slow here, so processor time says nothing.
    show(title, found, verdicts=verdicts, aims={rival.name: SLOW_DISK}, of_cpu=False)


def ceiling(stage: Stage, verdicts: Verdicts) -> None:
    """Refresh against the same server with nowhere to keep anything."""
    paths = [str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
    env = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    nowhere = "no storage"
    with (
        _started(stage, OURS) as real,
        _started(stage, nowhere, env=env, program="_server.ceiling") as bare,
    ):
        found = _turns(stage, {OURS: real, nowhere: bare})
        _has_kept_nothing(stage, nowhere)
    title = f"Refresh and our own ceiling, {CONNECTIONS} connections"
    show(title, found, verdicts=verdicts)
    share = ratio(rates(found[OURS]), rates(found[nowhere]))
    verdicts.add("Refresh: share of its own ceiling", share, SHARE_OF_CEILING)


def size(stage: Stage, verdicts: Verdicts) -> None:
    """Refresh with a thousand signed-in programs, and with a million."""
    few, many = f"{FEW:,} families", f"{MANY:,} families"
    with _started(stage, few, families=FEW) as small:
        began = time.perf_counter()
        with _started(stage, many, families=MANY) as large:
            print(f"  filled and started with {many} in {time.perf_counter() - began:.0f} s")
            found = _turns(stage, {few: small, many: large})
    title = f"Refresh and how many there are, {CONNECTIONS} connections"
    show(title, found, verdicts=verdicts, first=few)
    verdicts.add(
        f"CPU per refresh: {many} of {few}", ratio(cpus(found[many]), cpus(found[few])), FLAT
    )


def postgres(stage: Stage, verdicts: Verdicts) -> None:
    """Refresh on PostgreSQL, with one process and with two."""
    sys.path.append(str(ROOT))
    from tests.postgres_ import cluster
    from tests.requirements_ import REQUIREMENTS

    requirement = REQUIREMENTS["postgres"]
    if requirement.find() is None:
        print(f"  skipped: PostgreSQL; on Debian: apt-get install {requirement.packages}")
        return
    one, two = "one process", "two processes"
    with cluster() as running:
        first = {"database": running.create()}
        second = {"database": running.create()}
        with (
            _started(stage, one, settings=first) as alone,
            _started(stage, two, settings=second, env={"KEYTURN_WORKERS": "2"}) as both,
        ):
            found = _turns(stage, {one: alone, two: both})
    title = f"Refresh on PostgreSQL, {CONNECTIONS} connections"
    show(title, found, verdicts=verdicts, first=one)
    gain = ratio(rates(found[two]), rates(found[one]))
    print(f"  two processes give {gain} times one's requests/s; {os.cpu_count()} cores for all")
    dearer = ratio(cpus(found[two]), cpus(found[one]))
    verdicts.add("Server CPU per refresh on PostgreSQL: two of one", dearer, TWO_PROCESSES)


def _has_kept_nothing(stage: Stage, name: str) -> None:
    """See that no refresh went past the ceiling's memory: then it would be none."""
    (data,) = stage.folder.glob(f"{name}-*")
    with closing(sqlite3.connect(data / DATABASE_FILE)) as database:
        (moved,) = database.execute("SELECT max(generation) FROM session").fetchone()
    assert moved == 0, "the ceiling has written to its database"


@contextmanager
def _started(
    stage: Stage,
    name: str,
    *,
    families: int = FAMILIES,
    settings: Mapping[str, str] = {},
    env: Mapping[str, str] = {},
    program: str = "keyturn",
) -> Iterator[Server]:
    data = stage.folder / f"{name}-{time.monotonic_ns()}"
    filled = ours.fill(data, families=families, drawn=DRAWN, settings=settings)
    with ours.serving(filled, name=name, env=env, program=program) as server:
        _refreshes(stage, name, lanes.refresh(filled.tokens), server)
        yield server


def _refreshes(stage: Stage, name: str, lane: lanes.Lane, server: Server) -> None:
    stage.driver.lane(f"apart/{name}", server, lane)


def _turns(stage: Stage, servers: Mapping[str, Server]) -> dict[str, list[Turn]]:
    contest = Contest(stage.driver, servers, rounds=stage.rounds)
    return contest.run("apart", connections=CONNECTIONS)


def _slow_syncs(folder: Path) -> Path:
    """Return the library that makes syncs slow, compiled now."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Absent("there is no C compiler; on Debian: apt-get install gcc")
    made = folder / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(source), "-ldl"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Absent(f"cc: {done.stderr.strip()[-200:]}")
    return made
