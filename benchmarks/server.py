"""The server's hot paths, durable, against other people's servers in the same run.

    python -m benchmarks server                        every section
    python -m benchmarks server refresh                one
    python -m benchmarks server refresh --only-ours    without rivals, in seconds

All servers run at once and take short turns in random order, so that whatever else this machine
does hits them alike; read the ratios. How to read the tables: ``docs/explain/performance.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from _running import percentile, table
from _server import ours
from _server.driver import Driver, Turn

TURN_SECONDS = 1.0
CONNECTIONS = (16, 64)
FAMILIES = 10_000
DRAWN = 4096


def main() -> int:
    """Run what was asked for; 1 when an aim is missed beyond doubt."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks server")
    parser.add_argument("sections", nargs="*", default=["refresh"])
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    return _quick(options.rounds)


def _quick(rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as folder, Driver() as driver:
        filled = ours.fill(Path(folder) / "data", families=FAMILIES, drawn=DRAWN)
        with ours.serving(filled) as server:
            driver.lane("refresh", server, ours.refresh_lane(filled.tokens))
            rows = []
            for connections in CONNECTIONS:
                turns = [
                    driver.turn("refresh", server, connections=connections, seconds=TURN_SECONDS)
                    for _ in range(rounds + 1)
                ]
                rows.append([f"refresh, {connections} connections", *_figures(turns[1:])])
            rows = [[*row, f"{server.memory_mib():.0f}"] for row in rows]
            table(["", "CPU us", "req/s", "p50 ms", "p99 ms", "generator us", "MiB"], rows)
    return 0


def _figures(turns: list[Turn]) -> list[str]:
    took = [each for turn in turns for each in turn.took]
    return [
        f"{statistics.median(turn.cpu_us for turn in turns):.0f}",
        f"{statistics.median(turn.rate for turn in turns):.0f}",
        f"{statistics.median(took) / 1000:.1f}",
        f"{percentile(took, 99) / 1000:.1f}",
        f"{statistics.median(turn.own_cpu_us for turn in turns):.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
