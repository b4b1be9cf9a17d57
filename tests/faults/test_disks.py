"""A disk that is full, read-only or dying: 503 on every face, nothing half done, and it heals."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks_ import failing_calls, small_disk
from tests.faults.patients_ import (
    admitted,
    assert_all_are_put_off,
    assert_healed_and_nothing_was_changed,
    assert_reads_go_on,
)
from tests.faults.servers_ import COMMAND, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("dying") / "data") as servers:
        yield servers[0]


@pytest.mark.proves("S-25", "S-26", "T-13")
def test_a_full_disk_puts_every_writer_off_and_heals_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, serving(disk.path / "data") as servers:
        patient = admitted(servers[0])
        disk.fill()
        for _ in range(2):
            assert_all_are_put_off(patient.writes())
            assert_reads_go_on(patient)
        disk.make_room()
        assert_healed_and_nothing_was_changed(patient)


@pytest.mark.proves("S-25", "T-13")
@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO",
        "pwrite64:error=EIO",
        "pwrite64:error=EROFS",
        "pwrite64:error=ENOSPC",
    ],
)
def test_a_disk_that_fails_in_mid_run_puts_every_writer_off_and_is_used_again_once_it_works(
    server: Server, fault: str
) -> None:
    patient = admitted(server, f"{fault.replace(':', '.')}@example.com")
    with failing_calls(server.pid, fault):
        assert_all_are_put_off(patient.writes())
        assert_reads_go_on(patient)
    assert_healed_and_nothing_was_changed(patient)


def test_a_read_only_folder_is_said_in_one_line_at_the_start(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with serving(disk.path / "data") as servers:
            servers[0].stop()
        disk.make_read_only()
        started = subprocess.run(
            [*COMMAND, "serve", "--port", "0", "--data", str(disk.path / "data")],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert started.returncode == 1
        assert started.stderr.startswith("fail  ")
        assert "cannot be written" in started.stderr
        assert "Traceback" not in started.stderr
