"""The fast path of ``auth token`` and the full parser: nobody can tell which of them answered."""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.commands.token_place_ import Place
from tests.client.commands.token_states_ import (
    ANSWERED_AT_ONCE,
    OF_THE_RECORD,
    STATES,
    WITH_PRIVILEGES,
    State,
)
from tests.requirements_ import rounds

PROGRAM = str(Path(__file__).parent / "acme_ways_.py")
# As in a pipeline whose reader has left, or on a disk without room.
REDIRECTED = {
    "closed": 'exec "$@" >&-',
    "full": 'exec "$@" >/dev/full',
    "gone": 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"',
}

# A record can be wrong in many ways that are much alike.
LEFT_OUT = [] if rounds(bounded=0, full=1) else list(OF_THE_RECORD)[12:-3]

Outcome = tuple[bytes, bytes, int]


@pytest.fixture
def root() -> Iterator[Path]:
    """Yield a directory that ordinary users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "root"


def typed_at(place: Place, way: str) -> Outcome:
    """Type ``acme auth token`` and return stdout, stderr and the exit status."""
    loaded = place.root / "loaded"
    loaded.touch()
    argv = [sys.executable, PROGRAM, way, "auth", "token", *place.typed]
    kind = "gone" if "ACME_GONE" in place.variables else place.stdout
    if kind in REDIRECTED:
        argv = ["/bin/sh", "-c", REDIRECTED[kind], "sh", *argv]
    ours, theirs = pty.openpty() if kind == "terminal" else os.pipe()
    if kind == "unread":
        os.close(ours)
    done = subprocess.run(
        argv,
        cwd=place.work,
        env={**place.environ, "ACME_LOADED": str(loaded)},
        stdin=subprocess.DEVNULL,
        stdout=theirs if kind in ("terminal", "unread") else subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    printed = os.read(ours, 65536) if kind == "terminal" and done.returncode == 0 else done.stdout
    for descriptor in (theirs, *(() if kind == "unread" else (ours,))):
        os.close(descriptor)
    # The moment at which a damaged file was moved aside is part of its new name.
    stderr = re.sub(rb"corrupt-\d+", b"corrupt-0", done.stderr)
    return printed or b"", stderr, done.returncode


def both_ways(root: Path, state: State) -> tuple[Outcome, Outcome, str]:
    """Return what either way said in the same state, and which way the short one went."""
    outcomes = []
    for way in ("short", "long"):
        place = Place(root)
        state(place)
        outcomes.append(typed_at(place, way))
        if way == "short":
            went = (root / "loaded").read_text()
        shutil.rmtree(root)
    return outcomes[0], outcomes[1], went


@pytest.mark.proves("K-70", "K-60")
@pytest.mark.parametrize("state", [state for state in STATES if state not in LEFT_OUT])
def test_in_every_state_both_ways_print_the_same_and_exit_alike(root: Path, state: str) -> None:
    short, long, went = both_ways(root, STATES[state])
    assert short == long
    assert b"Traceback" not in long[1]
    assert went == "short" or state not in ANSWERED_AT_ONCE


@pytest.mark.proves("K-70", "K-3")
@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away takes root; run this as root")
@pytest.mark.parametrize("state", WITH_PRIVILEGES)
def test_other_peoples_files_and_forbidden_ones_are_met_alike(root: Path, state: str) -> None:
    short, long, _ = both_ways(root, WITH_PRIVILEGES[state])
    assert short == long
    assert b"Traceback" not in long[1]
