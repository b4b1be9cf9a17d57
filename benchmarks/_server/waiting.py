"""The section on waiting sign-ins: what they weigh, and how soon a decision reaches its program."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from _numbers import Aim, Ratio, interval
from _running import percentile, table

from _server import lanes, ours

if TYPE_CHECKING:
    from _server.contest import Verdicts
    from _server.processes import Server
    from _server.stage import Stage

COUNTS = (16, 64, 10_000)
DECISIONS = 400
_HELD_SECONDS = 60
_LOOKED_AT_SECONDS = 3.0
_SETTLES_SECONDS = 20
_SETTLED_SHARE = 5.0
MEMORY = Aim(aim=150, stretch=100, at_least=False)
WAKE_P99 = Aim(aim=5, stretch=0.5, at_least=False)
_PROGRAM = Path(__file__).with_name("waiters.py")


def waiting(stage: Stage, verdicts: Verdicts) -> None:
    """Hold sign-ins of the Stack-compatible API; decide some; see when their programs hear of it.

    Other servers make their programs ask again and again, so there is nobody to compare with.
    """
    rows = []
    for count in COUNTS:
        filled = ours.fill(stage.folder / f"waiting-{count}", families=1, drawn=1)
        with ours.serving(filled) as server:
            rows.append(_one(stage, server, count, verdicts))
    print("\nSign-ins that are held until somebody decides; milliseconds")
    head = [
        "",
        "MiB idle",
        "MiB held",
        "CPU %",
        "decided p50",
        "heard p50",
        "after p50",
        "after p99",
    ]
    table(head, rows)
    print(
        "  decided: the approval is answered; heard: the program has its token; after: between them"
    )


def _one(stage: Stage, server: Server, count: int, verdicts: Verdicts) -> list[str]:
    idle = server.memory_mib()
    codes = _begun(stage, server, count)
    token = lanes.stack_post(
        server, "/auth/password/sign-up", email="ada@example.com", password="correct horse battery"
    )["refresh_token"]
    chosen = random.sample(range(count), min(DECISIONS, count))
    with subprocess.Popen(
        [sys.executable, "-E", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as waiters:
        assert waiters.stdin is not None
        assert waiters.stdout is not None
        told = {
            "port": server.port,
            "held": [_poll(code["polling_code"]) for code in codes],
            "decisions": [(n, _complete(codes[n]["login_code"], token)) for n in chosen],
        }
        waiters.stdin.write(json.dumps(told) + "\n")
        waiters.stdin.flush()
        assert json.loads(waiters.stdout.readline())["held"] == count
        share, held = _idle_share(server), server.memory_mib()
        waiters.stdin.write("go\n")
        waiters.stdin.flush()
        found = json.loads(waiters.stdout.readline())
    after = sorted(max(0.0, each["arrived"] - each["decided"]) * 1000 for each in found)
    p99 = percentile(after, 99)
    if count == COUNTS[-1]:
        verdicts.add(f"{count:,} waiting: MiB", Ratio(held, held, held), MEMORY)
        found_p99 = Ratio(p99, *interval(after, part=0.99))
        verdicts.add(f"{count:,} waiting: wake-up p99, ms", found_p99, WAKE_P99)
    figures = [percentile([each[k] * 1000 for each in found], 50) for k in ("decided", "arrived")]
    figures += [percentile(after, 50), p99]
    return [
        f"{count:,}",
        f"{idle:.0f}",
        f"{held:.0f}",
        f"{share:.2f}",
        *(f"{x:.2f}" for x in figures),
    ]


def _begun(stage: Stage, server: Server, count: int) -> list[dict[str, str]]:
    """Begin that many sign-ins, as programs do."""
    lane = {
        "path": "/api/v1/auth/cli",
        "headers": lanes.STACK,
        "body": "{}",
        "tokens": ["none"] * min(count, 64),
        "status": 200,
        "holds": '"polling_code"',
        "collects": r"(\{.*\})",
    }
    name = f"begin/{count}"
    stage.driver.lane(name, server, lane)
    turn = stage.driver.turn(name, server, connections=64, seconds=120, most=count)
    return [json.loads(each) for each in turn.collected]


def _poll(code: str) -> str:
    prefer = {"Prefer": f"wait={_HELD_SECONDS}"}
    return _request("/auth/cli/poll", {"polling_code": code}, prefer)


def _complete(code: str, token: str) -> str:
    return _request("/auth/cli/complete", {"login_code": code, "refresh_token": token}, {})


def _request(path: str, body: dict[str, str], more: dict[str, str]) -> str:
    text = json.dumps(body)
    headers = {**lanes.STACK, **more, "Content-Length": str(len(text))}
    lines = [f"POST /api/v1{path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", text])


def _idle_share(server: Server) -> float:
    """Return the per cent of one processor that it uses once it has read all that was sent."""
    for _ in range(_SETTLES_SECONDS):
        if _share(server, 1.0) < _SETTLED_SHARE:
            break
    return _share(server, _LOOKED_AT_SECONDS)


def _share(server: Server, seconds: float) -> float:
    before = server.cpu_seconds()
    time.sleep(seconds)
    return (server.cpu_seconds() - before) / seconds * 100
