"""Handing turns to the load generator, which is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from _server.processes import Server

_PROGRAM = Path(__file__).parent / "load.py"


class WrongAnswers(Exception):
    """A server answered with something else than what is measured."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn of one server.

    Attributes:
        took: Microseconds of each answer.
        seconds: How long it took until the last answer.
        cpu_us: The server's processor microseconds per request.
        own_cpu_us: The load generator's.
        collected: What the lane collects.
    """

    took: list[int] = field(repr=False)
    seconds: float
    cpu_us: float
    own_cpu_us: float
    collected: list[str] = field(repr=False)

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.took) / self.seconds


class Driver:
    """One load generator."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-E", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def lane(self, name: str, server: Server, lane: dict[str, Any]) -> None:
        """Tell it what to send to a server."""
        self._ask({"do": "lane", "name": name, "port": server.port, **lane})

    def turn(
        self,
        name: str,
        server: Server,
        *,
        connections: int,
        seconds: float,
        most: int | None = None,
    ) -> Turn:
        """Let it send for that long, or until ``most`` answers came.

        Raises:
            WrongAnswers: some were not what the lane expects.
        """
        before = server.cpu_seconds()
        done = self._ask(
            {
                "do": "turn",
                "name": name,
                "connections": connections,
                "seconds": seconds,
                "most": most,
            }
        )
        used = server.cpu_seconds() - before
        if done["wrong"]:
            raise WrongAnswers(
                f"{name}: {done['wrong']} of {done['answered']}, such as {done['shown']}"
            )
        return Turn(
            took=done["took"],
            seconds=done["seconds"],
            cpu_us=used * 1e6 / max(1, done["answered"]),
            own_cpu_us=done["own_cpu"] * 1e6 / max(1, done["answered"]),
            collected=done["collected"],
        )

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WrongAnswers("the load generator has ended; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer
