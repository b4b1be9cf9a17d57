"""Drives a flow by hand: a script of replies, and a clock that only the flow's pauses move."""

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from keyturn.net.drive import run
from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.wire import Reply, Request, Steps

T = TypeVar("T")


def reply(status: int = 200, document: Any = None, **headers: str) -> Reply:
    """Return a reply whose body is ``document`` as JSON."""
    body = b"" if document is None else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=body)


class Script:
    """A sender that answers from a list, takes no time, and remembers what was asked of it.

    An item may also be an error to raise, or a pair of a reply and the seconds it is held for.
    """

    def __init__(self, answers: Iterable[Reply | KeyturnError | tuple[Reply, float]]) -> None:
        self.now = 1000.0
        self.requests: list[Request] = []
        self.pauses: list[float] = []
        self._answers = iter(answers)

    def send(self, request: Request) -> Reply:
        """Return the next answer, stamped with the time."""
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, KeyturnError):
            raise answer
        given, held = answer if isinstance(answer, tuple) else (answer, 0.0)
        self.now += held
        return Reply(
            status=given.status,
            headers=given.headers,
            body=given.body,
            elapsed_seconds=held,
            at=self.now,
        )

    def pause(self, seconds: float) -> float:
        """Let ``seconds`` pass at once."""
        self.pauses.append(seconds)
        self.now += seconds
        return self.now


def play(steps: Steps[T], *answers: Reply | KeyturnError | tuple[Reply, float]) -> tuple[T, Script]:
    """Run ``steps`` against ``answers``; return the result and what was sent."""
    script = Script(answers)
    return run(steps, script), script
