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
_MOMENTS = ("decided", "arrived")
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
    kinds = ("echo", "woken", "decided", "heard")
    percentiles = [f"{kind} p{part}" for kind in kinds for part in (50, 99)]
    table(["", "MiB idle", "MiB held", "CPU %", *percentiles], rows)
    print(
        "  echo: a byte to another process and back, in turns with the next;\n"
        "  woken: answered because a newer request waits for the same code, which writes nothing;\n"
        "  decided, heard: from sending an approval to its answer, and to its program's token,\n"
        "  with a durable write each"
    )


def _one(stage: Stage, server: Server, count: int, verdicts: Verdicts) -> list[str]:
    idle = server.memory_mib()
    codes = _begun(stage, server, count)
    token = lanes.stack_post(
        server, "/auth/password/sign-up", email="ada@example.com", password="correct horse battery"
    )["refresh_token"]
    chosen = random.sample(range(count), min(2 * DECISIONS, count))
    replaced, decided = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
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
            "decisions": [(n, _complete(codes[n]["login_code"], token)) for n in decided],
            "replaced": replaced,
        }
        waiters.stdin.write(json.dumps(told) + "\n")
        waiters.stdin.flush()
        assert json.loads(waiters.stdout.readline())["held"] == count
        share, held = _idle_share(server), server.memory_mib()
        waiters.stdin.write("go\n")
        waiters.stdin.flush()
        found = json.loads(waiters.stdout.readline())
    woken = sorted(seconds * 1000 for seconds in found["replaced"])
    echoed = sorted(seconds * 1000 for seconds in found["echoed"])
    if count == COUNTS[-1]:
        verdicts.add(f"{count:,} waiting: MiB", Ratio(held, held, held), MEMORY)
        p99 = Ratio(percentile(woken, 99), *interval(woken, part=0.99))
        if percentile(echoed, 99) < WAKE_P99.aim:
            verdicts.add(f"{count:,} waiting: woken, p99 ms", p99, WAKE_P99)
        else:
            print(f"  not judged: woken p99 {p99} ms; here a mere echo takes as long as the aim")
    columns = [echoed, woken] + [[each[k] * 1000 for each in found["decided"]] for k in _MOMENTS]
    parts = [f"{percentile(each, part):.2f}" for each in columns for part in (50, 99)]
    return [f"{count:,}", f"{idle:.0f}", f"{held:.0f}", f"{share:.2f}", *parts]


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
