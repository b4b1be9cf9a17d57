"""The places at which a sweep breaks a command: each of its system calls, in each of three ways."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.machines_ import Done, Machine
from tests.faults.tracing_ import Call, calls

_TRACED = "trace=%file,%desc,%network"
# Memory for the interpreter and its threads: nothing of a disk or a network is in it.
_NOT_SWEPT = ("mmap",)
# What changes something that outlives the process.
_CHANGING = {"write", "fsync", "rename", "unlink", "mkdir"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """The ``nth`` call of one name since the command began; ``what`` is how strace shows it.

    ``changes`` says whether what is stored changes by it.
    """

    name: str
    nth: int
    what: str
    changes: bool


@dataclass(frozen=True, kw_only=True)
class Point:
    """One place and one fault: ``KILL``, or the error that the call answers."""

    place: Place
    fault: str

    @property
    def options(self) -> list[str]:
        """What strace has to be told."""
        kind = "signal=KILL" if self.fault == "KILL" else f"error={self.fault}"
        injected = f"inject={self.place.name}:{kind}:when={self.place.nth}"
        return ["-e", f"trace={self.place.name}", "-e", injected]

    def __str__(self) -> str:
        return f"{self.fault} at {self.place.name} #{self.place.nth} {self.place.what}"


def places(machine: Machine, *arguments: str, who: str | None) -> list[Place]:
    """Run a command undisturbed and return its system calls, from its first look at the home."""
    done: Done = machine.traced(*arguments, who=who, options=["-y", "-e", _TRACED])
    assert done.status == 0, done
    found = list(_places(calls(machine.log), machine))
    assert found, "nothing was seen"
    return found


def points(found: Sequence[Place], faults: Sequence[str], *, at_most: int) -> list[Point]:
    """Return every point; or ``at_most`` so many, the same at each run.

    A part has first of all the kills and the full disks where what is stored changes, since most
    is at stake there; the rest is spread evenly.
    """
    every = [Point(place=place, fault=fault) for fault in faults for place in found]
    if len(every) <= at_most:
        return every
    weighty = [point for point in every if point.place.changes and point.fault != "EIO"]
    chosen = _spread(weighty, at_most * 3 // 4)
    others = [point for point in every if point not in chosen]
    return chosen + _spread(others, at_most - len(chosen))


def _places(seen: Sequence[Call], machine: Machine) -> Iterator[Place]:
    counted: Counter[str] = Counter()
    begun = False
    for call in seen:
        counted[call.name] += 1
        begun = begun or f'"{machine.state}' in call.arguments
        if begun and call.name not in _NOT_SWEPT:
            yield Place(
                name=call.name,
                nth=counted[call.name],
                what=_shown(call, machine),
                changes=_changes(call, machine),
            )


def _changes(call: Call, machine: Machine) -> bool:
    if str(machine.state) not in call.arguments or ".lock" in call.arguments:
        return False
    return call.name in _CHANGING or (call.name == "openat" and "O_CREAT" in call.arguments)


def _shown(call: Call, machine: Machine) -> str:
    """Return where it goes, without what is written there."""
    paths = re.findall(r'(?:<|")(/[^>"]*|socket:[^>]*)', call.arguments)
    return " ".join(path.replace(str(machine.home), "~") for path in paths[-2:])


def _spread(found: Sequence[Point], count: int) -> list[Point]:
    if count >= len(found):
        return list(found)
    return [found[(2 * i + 1) * len(found) // (2 * count)] for i in range(count)]
