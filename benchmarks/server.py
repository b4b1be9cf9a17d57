"""The server's hot paths, durable, against other people's servers in the same run.

    python -m benchmarks server                        every section
    python -m benchmarks server refresh poll           some
    python -m benchmarks server refresh --only-ours    without the others, in seconds

All servers run at once and take short turns in random order, so that whatever else this machine
does hits them alike; read the ratios. How to read the tables: ``docs/explain/performance.md``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from _server import apart, hot
from _server.contest import ROUNDS, Verdicts
from _server.driver import Driver, WrongAnswers
from _server.memory import memory
from _server.stage import Stage
from _server.waiting import waiting

FAILURES = (WrongAnswers, AssertionError, OSError, ValueError)
SECTIONS = {
    "refresh": hot.refresh,
    "poll": hot.poll,
    "introspect": hot.introspect,
    "sign-in": hot.sign_in,
    "memory": memory,
    "waiting": waiting,
    "slow-disk": apart.slow_disk,
    "ceiling": apart.ceiling,
    "size": apart.size,
    "postgres": apart.postgres,
}


def main() -> int:
    """Run what was asked for; 1 when an aim is missed beyond doubt."""
    options = _options()
    verdicts = Verdicts()
    print(
        f"{options.rounds} interleaved rounds, Python {sys.version.split()[0]}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="keyturn-bench-"))
        driver = stack.enter_context(Driver())
        stage = Stage(driver, stack, Path(folder), alone=options.only_ours, rounds=options.rounds)
        failed = [
            name for name in options.sections or SECTIONS if not _measured(name, stage, verdicts)
        ]
    verdicts.show()
    return int(verdicts.short > 0 or bool(failed))


def _measured(name: str, stage: Stage, verdicts: Verdicts) -> bool:
    """Run one section; one that fails is said, and does not take the others along."""
    try:
        SECTIONS[name](stage, verdicts)
    except FAILURES as problem:
        print(f"  failed: {name}; {type(problem).__name__}: {problem}", flush=True)
        return False
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks server")
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], metavar="section")
    parser.add_argument("--only-ours", action="store_true", help="leave the other servers out")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
