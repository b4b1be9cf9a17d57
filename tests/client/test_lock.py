"""The lock: between processes and threads, released by the kernel, never by its file's absence."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keyturn.client.effects import Effects
from keyturn.client.lock import FileLock, LockTimeout
from keyturn.protocol.errors import StoreUnavailable

HOLD = """
import sys
from keyturn.client.effects import Effects
from keyturn.client.lock import FileLock
with FileLock(sys.argv[1], effects=Effects()):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds the lock until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """End a holder."""
    with process:
        process.kill()


def hurried() -> Effects:
    """Return effects by whose clock every sleep takes a second, and none really does."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 1.0

    return Effects(monotonic=lambda: now[0], sleep=sleep)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "refresh-x.lock"


@pytest.mark.proves("K-22")
def test_another_process_holding_it_keeps_us_out_for_the_time_allowed(path: Path) -> None:
    process = holder(path)
    effects = hurried()
    with pytest.raises(LockTimeout), FileLock(str(path), effects=effects):
        raise AssertionError("two held it")
    assert effects.monotonic() == 30
    end(process)


@pytest.mark.proves("K-22", "K-24")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_holder_that_dies_frees_it_at_once(path: Path, how: signal.Signals) -> None:
    process = holder(path)
    with process:
        process.send_signal(how)
        process.wait()
    with FileLock(str(path), effects=hurried(), limit_seconds=0):
        assert path.exists()


@pytest.mark.proves("K-22")
def test_a_file_that_is_left_behind_holds_nobody_up(path: Path) -> None:
    path.write_text("4711")
    with FileLock(str(path), effects=Effects(), limit_seconds=0) as lock:
        assert lock.effective
    assert path.exists()


@pytest.mark.proves("K-22")
def test_threads_of_one_process_keep_each_other_out(path: Path) -> None:
    inside, most = [], []

    def work() -> None:
        with FileLock(str(path), effects=Effects()):
            inside.append(1)
            most.append(len(inside))
            os.sched_yield()
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


@pytest.mark.proves("K-22")
def test_an_error_under_it_frees_it(path: Path) -> None:
    with pytest.raises(KeyError), FileLock(str(path), effects=Effects()):
        raise KeyError
    with FileLock(str(path), effects=Effects(), limit_seconds=0):
        pass


@pytest.mark.proves("K-22")
def test_the_pauses_between_two_tries_are_2_to_25_ms_and_differ(path: Path) -> None:
    pauses: list[float] = []
    bytes_given = iter([b"\x00", b"\xff", b"\x80"] * 100)
    now = [0.0]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += 10

    effects = Effects(
        monotonic=lambda: now[0], sleep=sleep, random_bytes=lambda count: next(bytes_given)
    )
    process = holder(path)
    with pytest.raises(LockTimeout), FileLock(str(path), effects=effects):
        pass
    end(process)
    assert pauses == pytest.approx([0.002, 0.025, 0.002 + 0.023 * 128 / 255])


@pytest.mark.proves("K-25")
def test_a_file_system_without_locks_is_admitted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)  # The kernel's answer on such a mount.
    with FileLock(str(path), effects=Effects()) as lock:
        assert not lock.effective


def test_any_other_failure_to_lock_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, "disk trouble")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreUnavailable, match="could not be locked"):
        FileLock(str(path), effects=Effects()).__enter__()


def test_a_lock_file_that_cannot_be_opened_or_is_a_link_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "x.lock"
    with pytest.raises(StoreUnavailable, match="No such file"):
        FileLock(str(missing), effects=Effects()).__enter__()
    link = tmp_path / "link.lock"
    link.symlink_to(tmp_path / "target")
    with pytest.raises(StoreUnavailable):
        FileLock(str(link), effects=Effects()).__enter__()
    assert not (tmp_path / "target").exists()
