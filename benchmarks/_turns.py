"""Contestants that take turns, and what can be said of them on a machine that is never quiet."""

from __future__ import annotations

import math
import os
import random
import statistics
import subprocess
import time
from dataclasses import dataclass

from _numbers import interval

ROUNDS = 41
WARM_UP = 2
STARTS = 3  # the best of which is a round's
FLOOR = "floor: start, read one file, check, print"


@dataclass(frozen=True)
class Contestant:
    """A command that prints the token.

    Attributes:
        name: What the table calls it.
        command: What is run.
        env: Its environment.
        directory: Where it is run; anywhere where left out.
        bound: How many times the floor it may cost.
        every: In which rounds it takes part: every one, every second one.
    """

    name: str
    command: list[str]
    env: dict[str, str]
    directory: str | None = None
    bound: float | None = None
    every: int = 1

    def printed(self) -> str:
        """Return what it prints."""
        done = subprocess.run(
            self.command, env=self.env, cwd=self.directory, capture_output=True, text=True
        )
        return done.stdout

    def once(self) -> tuple[float, float]:
        """Run it; return the milliseconds it took, and those it kept a processor busy."""
        nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        here = os.getcwd()
        os.chdir(self.directory or here)
        try:
            started = time.perf_counter()
            child = os.posix_spawn(self.command[0], self.command, self.env, file_actions=nowhere)
            _, status, used = os.wait4(child, 0)
            took = time.perf_counter() - started
        finally:
            os.chdir(here)
        if status:
            raise RuntimeError(f"{self.name} ended with {os.waitstatus_to_exitcode(status)}")
        return took * 1000, (used.ru_utime + used.ru_stime) * 1000


@dataclass(frozen=True, kw_only=True)
class Result:
    """One contestant against the floor.

    Attributes:
        milliseconds: The median of its rounds.
        ratio: The median of the ratios to the floor of the same round.
        low: Where that median certainly is not below, in 95 of 100 runs.
        high: Where it certainly is not above.
        cpu_ratio: The same as ``ratio``, of processor time.
        rounds: How many rounds it took part in.
    """

    contestant: Contestant
    milliseconds: float
    ratio: float
    low: float
    high: float
    cpu_ratio: float
    rounds: int

    @property
    def is_broken(self) -> bool:
        """Whether the bound is broken beyond doubt: the whole interval lies above it."""
        return self.contestant.bound is not None and self.low > self.contestant.bound


def measure(contestants: list[Contestant]) -> list[Result]:
    """Let everybody take turns in random order; return the results, in the order given."""
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(ROUNDS + WARM_UP):
        taking = [each for each in contestants if number % each.every == 0]
        best = {each.name: (math.inf, math.inf) for each in taking}
        for _ in range(STARTS):
            random.shuffle(taking)
            for each in taking:
                took, busy = each.once()
                best[each.name] = min(best[each.name][0], took), min(best[each.name][1], busy)
        rounds.append(best)
    return [_result(each, rounds[WARM_UP:]) for each in contestants]


def _result(contestant: Contestant, rounds: list[dict[str, tuple[float, float]]]) -> Result:
    own = [(best[contestant.name], best[FLOOR]) for best in rounds if contestant.name in best]
    ratios = sorted(took[0] / floor[0] for took, floor in own)
    low, high = interval(ratios)
    return Result(
        contestant=contestant,
        milliseconds=statistics.median(took[0] for took, _ in own),
        ratio=statistics.median(ratios),
        low=low,
        high=high,
        cpu_ratio=statistics.median(took[1] / floor[1] for took, floor in own),
        rounds=len(own),
    )
