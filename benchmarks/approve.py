"""From Approve to the program going on: real server, real program, one process each.

The clock starts when the browser has the answer to its POST and stops when the program has said,
after the code exchange and a durable write, that it is signed in. Bound: 50 ms at the median.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from _running import Person, SignIn, percentile, server, table

ROUNDS = 21
BOUND_MS = 50.0


def main() -> int:
    """Measure both ways; 1 when one of them is slower than the bound."""
    measured: dict[str, list[float]] = {"loopback redirect": [], "typed code, Prefer: wait": []}
    with server(rate_limits="off") as base, tempfile.TemporaryDirectory() as folder:
        person = Person(base)
        for number in range(ROUNDS + 1):
            home = Path(folder) / str(number)
            home.mkdir()
            took = (loopback(person, base, home), typed_code(person, base, home))
            if number:  # the first one warms everybody up
                for name, seconds in zip(measured, took, strict=True):
                    measured[name].append(seconds * 1000)
    rows = [
        [name, *(f"{value:.1f}" for value in (statistics.median(ms), percentile(ms, 90), max(ms)))]
        for name, ms in measured.items()
    ]
    print(f"Approve to signed in, ms, {ROUNDS} rounds; bound {BOUND_MS:g} at the median")
    table(["", "median", "90 %", "most"], rows)
    return int(any(statistics.median(ms) > BOUND_MS for ms in measured.values()))


def loopback(person: Person, base: str, home: Path) -> float:
    """Approve in the browser of this computer; the redirect wakes the program."""
    sign_in = SignIn(base, home, device=False)
    person.open(sign_in.where["url"])
    answered, answer = person.press("Approve")
    person.client.get(answer.headers["location"])
    return sign_in.signed_in_at() - answered


def typed_code(person: Person, base: str, home: Path) -> float:
    """Approve on another device; the held poll wakes the program."""
    sign_in = SignIn(base, home, device=True)
    person.open(sign_in.where["url"])
    person.press("Continue", user_code=sign_in.where["user_code"])
    person.open(f"{base}/device/confirm")
    answered, _ = person.press("Approve")
    return sign_in.signed_in_at() - answered


if __name__ == "__main__":
    sys.exit(main())
