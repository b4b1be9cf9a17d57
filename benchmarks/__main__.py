"""Run the benchmarks: each ``benchmarks/NAME.py`` is one part, a script that prints its table.

    python -m benchmarks                    every part
    python -m benchmarks client             one part
    python -m benchmarks server refresh     words that name no part are the part's before them

A part exits 1 when a bound that it knows is broken.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(wanted: list[str]) -> int:
    parts = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem[0] != "_"}
    calls: list[list[str]] = []
    for word in wanted or parts:
        if word in parts:
            calls.append([word])
        elif calls:
            calls[-1].append(word)
        else:
            print(f"no such part: {word}; there are: {', '.join(parts) or 'none'}")
            return 2
    failed = 0
    for name, *arguments in calls:
        print(f"== {name}", flush=True)
        failed |= subprocess.run([sys.executable, parts[name], *arguments]).returncode != 0
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
