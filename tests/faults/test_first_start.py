"""A first start that is killed anywhere, or happens twice at once, ends in one whole server."""

import time
from pathlib import Path

import pytest

from tests.faults.forks_ import all_at_once, forks
from tests.faults.starts_ import assert_whole, start, start_when_told
from tests.requirements_ import rounds

pytestmark = [pytest.mark.sweep, pytest.mark.proves("S-61")]


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
    times = rounds(bounded=20, full=200)
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
