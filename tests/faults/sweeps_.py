"""Breaks a command at every system call in turn, and looks at what is left each time."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.machines_ import Done, Machine
from tests.faults.points_ import Point, places, points
from tests.faults.scenarios_ import SECRET, Scenario, strays

_TOLD = 400  # characters of what a command said last


@dataclass
class Report:
    """What a sweep found."""

    name: str
    places: int
    swept: int = 0
    reached: int = 0
    losses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counted = f"{self.swept} points at {self.places} system calls"
        return f"{self.name}: {counted}, {len(self.losses)} losses"


def sweep(scenario: Scenario, machines: Sequence[Machine], *, at_most: int) -> Report:
    """Break a command at each of its points, or ``at_most`` so many; the machines share them."""
    first = machines[0]
    for machine in machines:
        machine.variables = dict(scenario.variables)
    scenario.prepare(first)
    found = places(first, *scenario.typed(first), who=_who(scenario, first))
    report = Report(name=scenario.name, places=len(found))
    left = deque(points(found, scenario.faults, at_most=at_most))

    def work(machine: Machine) -> None:
        while left:
            _try(scenario, machine, left.popleft(), report)

    with ThreadPoolExecutor(len(machines)) as pool:
        for done in [pool.submit(work, machine) for machine in machines]:
            done.result()
    return report


def _try(scenario: Scenario, machine: Machine, point: Point, report: Report) -> None:
    scenario.prepare(machine)
    before = machine.document()
    who = _who(scenario, machine)
    done = machine.traced(*scenario.typed(machine), who=who, options=point.options)
    report.swept += 1
    report.reached += _was_reached(machine.log, done)
    try:
        wrong = _wrong_end(scenario, point, done) + strays(machine, reaped=False)
        wrong += scenario.complaints(machine, before, done)
        wrong += strays(machine, reaped=True)
    except (ValueError, KeyError, TypeError) as error:
        wrong = [f"what is stored makes no sense: {error!r}"]
    if wrong:
        report.losses.append(f"{point}: {'; '.join(wrong)}")
        machine.wipe()


def _wrong_end(scenario: Scenario, point: Point, done: Done) -> list[str]:
    if done.status is None:
        return ["it did not end"]
    if done.status < 0:
        return [] if point.fault == "KILL" and done.status == -9 else [f"signal {-done.status}"]
    wrong = []
    if done.status not in scenario.statuses or "Traceback" in done.err or "Ignored" in done.err:
        wrong.append(f"ended with {done.status}: ...{done.err[-_TOLD:]}")
    if done.status != 0 and not done.err and point.place.name != "write":
        wrong.append(f"ended with {done.status} and without a word")
    if SECRET.search(done.out + done.err):
        wrong.append("told a secret")
    return wrong


def _was_reached(log: Path, done: Done) -> bool:
    return done.status == -9 or "INJECTED" in log.read_text(errors="replace")


def _who(scenario: Scenario, machine: Machine) -> str | None:
    return machine.ada if scenario.signs_in else None
