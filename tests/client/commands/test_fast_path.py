"""The fast path of ``auth token`` and the full parser: nobody can tell which of them answered."""

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.client.commands.token_place_ import Place
from tests.client.commands.token_states_ import (
    ALIKE,
    ANSWERED_AT_ONCE,
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

LEFT_OUT = frozenset[str]() if rounds(bounded=0, full=1) else ALIKE

Outcome = tuple[bytes, bytes, int]


@pytest.fixture
def places() -> Iterator[list[Place]]:
    """Yield two machines that are alike, in a directory that ordinary users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield [Place(Path(folder) / name) for name in ("one", "two")]


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
    root = str(place.root).encode()
    said = [(text or b"").replace(root, b"/root") for text in (printed, stderr)]
    return said[0], said[1], done.returncode


def both_ways(places: Sequence[Place]) -> tuple[Outcome, Outcome, str]:
    """Return what either way said on machines alike, and which way the short one went."""
    with ThreadPoolExecutor() as pool:  # The two know nothing of each other.
        short, long = pool.map(typed_at, places, ("short", "long"))
    return short, long, (places[0].root / "loaded").read_text()


def in_state(places: Sequence[Place], state: State) -> tuple[Outcome, Outcome, str]:
    """Do the same to both machines, then ask for the token."""
    for place in places:
        state(place)
    return both_ways(places)


@pytest.mark.proves("K-70", "K-60")
@pytest.mark.parametrize("state", [state for state in STATES if state not in LEFT_OUT])
def test_in_every_state_both_ways_print_the_same_and_exit_alike(
    places: list[Place], state: str
) -> None:
    short, long, went = in_state(places, STATES[state])
    assert short == long
    assert b"Traceback" not in long[1]
    assert went == "short" or state not in ANSWERED_AT_ONCE


@pytest.mark.proves("K-70", "K-3")
@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away takes root; run this as root")
@pytest.mark.parametrize("state", WITH_PRIVILEGES)
def test_other_peoples_files_and_forbidden_ones_are_met_alike(
    places: list[Place], state: str
) -> None:
    short, long, _ = in_state(places, WITH_PRIVILEGES[state])
    assert short == long
    assert b"Traceback" not in long[1]
