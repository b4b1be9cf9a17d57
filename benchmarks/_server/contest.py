"""Servers taking turns under the same load, and the table of what came of it."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from _numbers import Aim, Ratio, ratio, shown
from _running import percentile, table

if TYPE_CHECKING:
    from _server.driver import Driver, Turn
    from _server.processes import Server

OURS = "keyturn"
ROUNDS = 9
WARM_UP = 1
TURN_SECONDS = 0.8


@dataclass
class Verdicts:
    """What was held to an aim, for the end of the run.

    Attributes:
        lines: One a row of the table.
        short: How many aims are missed beyond doubt.
    """

    lines: list[list[str]] = field(default_factory=list)
    short: int = 0

    def add(self, what: str, found: Ratio, aim: Aim) -> str:
        """Note one; return its word."""
        word = self._line(what, found, aim)
        self.short += word == "short"
        return word

    def add_both(self, what: str, faster: Ratio, cheaper: Ratio, aim: Aim) -> str:
        """Note requests/s and processor time, held to the same aim; return the first one's word.

        It is missed only where both say so. On a machine that others use, requests/s favour whoever
        runs on more processes, since each of them gets a share.
        """
        words = [
            self._line(f"{what}, requests/s", faster, aim),
            self._line(f"{what}, CPU", cheaper, aim),
        ]
        self.short += words == ["short", "short"]
        return words[0]

    def show(self) -> None:
        """Print all of them."""
        if self.lines:
            print("\nAgainst the aims")
            table(["", "found (95 %)", "aim", "stretch", ""], self.lines)

    def _line(self, what: str, found: Ratio, aim: Aim) -> str:
        word = aim.verdict(found)
        stretch = "" if aim.stretch is None else shown(aim.stretch)
        self.lines.append([what, str(found), str(aim), stretch, word])
        return word


@dataclass
class Contest:
    """One kind of request, sent to every server that takes part.

    Attributes:
        lanes: Name of each server's lane, and the server; ours is called ``OURS``.
        most: Takes the most memory that each had after a turn, MiB.
    """

    driver: Driver
    lanes: Mapping[str, Server]
    rounds: int = ROUNDS
    turn_seconds: float = TURN_SECONDS
    most: dict[str, float] = field(default_factory=dict)

    def run(self, kind: str, *, connections: int) -> dict[str, list[Turn]]:
        """Let all take turns in random order; lanes are called ``KIND/SERVER``."""
        turns: dict[str, list[Turn]] = {name: [] for name in self.lanes}
        for _ in range(self.rounds + WARM_UP):
            for name in random.sample(list(self.lanes), len(self.lanes)):
                server = self.lanes[name]
                turns[name].append(
                    self.driver.turn(
                        f"{kind}/{name}",
                        server,
                        connections=connections,
                        seconds=self.turn_seconds,
                    )
                )
                self.most[name] = max(self.most.get(name, 0.0), server.memory_mib())
        return {name: each[WARM_UP:] for name, each in turns.items()}


def rates(turns: Sequence[Turn]) -> list[float]:
    """Return requests per second, one a round."""
    return [turn.rate for turn in turns]


def cpus(turns: Sequence[Turn]) -> list[float]:
    """Return the server's processor microseconds per request, one a round."""
    return [turn.cpu_us for turn in turns]


def show(
    title: str,
    turns: Mapping[str, Sequence[Turn]],
    *,
    verdicts: Verdicts,
    aims: Mapping[str, Aim] = {},
    first: str = OURS,
    of_cpu: bool = True,
) -> None:
    """Print a table; every other server's ratio is ``first``'s rate over its own.

    Args:
        title: Above the table.
        turns: Of each server.
        verdicts: Take what is held to an aim.
        aims: By the name of the other server.
        first: Whom all others are compared with.
        of_cpu: Whether processor time is held to the aim too.
    """
    rows = []
    for name, each in turns.items():
        faster = ratio(rates(turns[first]), rates(each))
        cheaper = ratio(cpus(each), cpus(turns[first]))
        aim = aims.get(name)
        what = f"{title}: against {name}"
        word = ""
        if aim and of_cpu:
            word = verdicts.add_both(what, faster, cheaper, aim)
        elif aim:
            word = verdicts.add(what, faster, aim)
        ahead = ["", ""] if name == first else [str(faster), str(cheaper)]
        rows.append([name, *figures(each), *ahead, f"{aim} {word}" if aim else ""])
    print(f"\n{title}")
    head = ["", "req/s", "p50 ms", "p99 ms", "CPU us"]
    table([*head, f"{first} is faster x (95 %)", "cheaper x (95 %)", "aim"], rows)


def figures(turns: Sequence[Turn]) -> list[str]:
    """Return requests/s, p50 and p99 in ms, processor us per request: medians, or of all."""
    took = [each for turn in turns for each in turn.took] or [0, 0]
    return [
        f"{statistics.median(rates(turns)):.0f}",
        f"{statistics.median(took) / 1000:.1f}",
        f"{percentile(took, 99) / 1000:.1f}",
        f"{statistics.median(cpus(turns)):.0f}",
    ]
