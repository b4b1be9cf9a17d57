"""Watching a running process's system calls, and reading what strace noted."""

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.requirements_ import go_without, require

# Of one thread alone no numbers are noted.
_LINE = re.compile(r"^(?:(?P<thread>\d+) +)?(?P<rest>\w.*|<\.\.\. .*)$", re.DOTALL)
_BEGUN = re.compile(r"^(\w+)\((.*) <unfinished \.\.\.>$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_RESULT = re.compile(r"^(.*)\) += (-?\d+|\?)([ <].*)?$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One system call. ``began`` and ``ended`` are places in the order of all that happened."""

    thread: int
    name: str
    arguments: str
    result: int | None
    began: int
    ended: int


@contextlib.contextmanager
def tracing(pid: int, log: Path, options: Sequence[str], *, follow: bool = True) -> Iterator[None]:
    """Attach strace to a running process while the block runs; ``log`` is whole afterwards.

    Without ``follow`` only its main thread is traced, and none of its children.
    """
    followed = ["-f"] if follow else []
    command = [require("strace"), *followed, "-qq", "-o", str(log), *options, "-p", str(pid)]
    with subprocess.Popen(command) as tracer:
        try:
            _until_attached(pid, tracer)
            yield
        finally:
            tracer.send_signal(signal.SIGINT)  # detaches; the process goes on


def calls(log: Path) -> list[Call]:
    """Return what strace noted, in the order in which calls began."""
    found: list[Call] = []
    open_calls: dict[int, tuple[str, str, int]] = {}
    for place, line in enumerate(log.read_text(errors="replace").splitlines()):
        matched = _LINE.match(line)
        if not matched:
            continue
        thread, rest = int(matched["thread"] or 0), matched["rest"]
        if begun := _BEGUN.match(rest):
            open_calls[thread] = (begun[1], begun[2], place)
        elif resumed := _RESUMED.match(rest):
            name, arguments, began = open_calls.pop(thread, (resumed[1], "", place))
            _add(found, thread, name, arguments + resumed[2], began, place)
        elif "(" in rest:
            name, _, arguments = rest.partition("(")
            _add(found, thread, name, arguments, place, place)
    return sorted(found, key=lambda call: call.began)


def _add(found: list[Call], thread: int, name: str, rest: str, began: int, ended: int) -> None:
    if result := _RESULT.match(rest):
        value = None if result[2] == "?" else int(result[2])
        found.append(
            Call(
                thread=thread,
                name=name,
                arguments=result[1],
                result=value,
                began=began,
                ended=ended,
            )
        )


def _until_attached(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    for _ in range(5000):
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        if all(f"TracerPid:\t{tracer.pid}\n" in (task / "status").read_text() for task in tasks):
            return
        if tracer.poll() is not None:
            go_without("strace may not attach here; run as root")
        time.sleep(0.002)
    raise AssertionError("strace did not attach")
