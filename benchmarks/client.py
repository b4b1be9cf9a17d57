"""What printing a valid stored token costs, against starting Python and reading one file.

All contestants take turns, so that whatever else this machine does hits them alike; read the
ratios. The session is a real one, signed in at a real server.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _running import PROGRAM, Person, SignIn, environment, server, table

ROUNDS = 21
FLOOR = "floor: start, read one file, check, print"
BOUNDS = {
    "keyturn.Auth.token()": 1.10,
    "argparse: acme auth token": 2.1,
    "click: acme auth token": 4.2,
}

FLOOR_PROGRAM = """
import os, sys, time
descriptor = os.open({path!r}, os.O_RDONLY)
expires_at, token = os.read(descriptor, 65536).decode().split()
if time.time() < float(expires_at):
    sys.stdout.write(token)
"""
LIBRARY_PROGRAM = """
import sys
import keyturn
auth = keyturn.Auth("acme", issuer={issuer!r}, client_id="keyturn-cli")
sys.stdout.write(auth.token())
"""
CLICK_PROGRAM = """
import click
import keyturn
auth = keyturn.Auth("acme", issuer={issuer!r}, client_id="keyturn-cli")
@click.group()
def cli(): pass
keyturn.attach_click(cli, auth)
cli(prog_name="acme")
"""


def main() -> int:
    """Print the table and the imports; 1 when a bound is broken."""
    with tempfile.TemporaryDirectory() as name, server(access_token_seconds="86400") as base:
        folder = Path(name)
        _sign_in(base, folder)
        contestants = _contestants(base, folder)
        env = environment(base, folder)
        took = _measure(contestants, env)
        broken = _report(took)
        _imports(contestants, env)
    return int(broken)


def _sign_in(base: str, home: Path) -> None:
    person, sign_in = Person(base), SignIn(base, home, device=False)
    person.open(sign_in.where["url"])
    _, answer = person.press("Approve")
    person.client.get(answer.headers["location"])
    sign_in.signed_in_at()


def _contestants(base: str, folder: Path) -> dict[str, list[str]]:
    """Return what is run, by name; all of it prints the same token."""
    token = _run([str(PROGRAM), "auth", "token"], environment(base, folder))
    plain = folder / "plain"
    plain.write_text(f"{time.time() + 86400} {token}\n")
    programs = {
        FLOOR: FLOOR_PROGRAM.format(path=str(plain)),
        "keyturn.Auth.token()": LIBRARY_PROGRAM.format(issuer=base),
        "click: acme auth token": CLICK_PROGRAM.format(issuer=base),
    }
    commands = {"argparse: acme auth token": [str(PROGRAM), "auth", "token"]}
    for number, (name, text) in enumerate(programs.items()):
        file = folder / f"program{number}.py"
        file.write_text(text)
        commands[name] = [str(file), *(("auth", "token") if "click" in name else ())]
    for name, command in commands.items():
        printed = _run(command, environment(base, folder))
        assert printed == token, f"{name} printed another token"
    return commands


def _run(command: Sequence[str], env: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _measure(contestants: dict[str, list[str]], env: dict[str, str]) -> dict[str, list[float]]:
    """Return the milliseconds of each round, by name; the best of three starts is a round's."""
    took: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(ROUNDS + 2):
        random.shuffle(order)
        best = dict.fromkeys(order, float("inf"))
        for _ in range(3):
            for name in order:
                best[name] = min(best[name], _once(contestants[name], env))
        if number >= 2:  # caches are warm by then
            for name, milliseconds in best.items():
                took[name].append(milliseconds)
    return took


def _once(command: Sequence[str], env: dict[str, str]) -> float:
    argv = [sys.executable, *command]
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    child = os.posix_spawn(sys.executable, argv, env, file_actions=nowhere)
    _, status = os.waitpid(child, 0)
    took = (time.perf_counter() - started) * 1000
    assert status == 0, f"{command} failed"
    return took


def _report(took: dict[str, list[float]]) -> bool:
    """Print the table; say whether a bound is broken."""
    rows, broken = [], False
    for name, own in sorted(took.items(), key=lambda item: statistics.median(item[1])):
        ratio = statistics.median(a / b for a, b in zip(own, took[FLOOR], strict=True))
        bound = BOUNDS.get(name)
        broken |= bound is not None and ratio > bound
        shown = "" if bound is None else f"{bound:.2f}" + (" broken" if ratio > bound else "")
        rows.append([name, f"{statistics.median(own):.1f}", f"{ratio:.2f}", shown])
    print(
        f"Print a valid stored token; {ROUNDS} interleaved rounds, Python {sys.version.split()[0]}"
    )
    table(["", "ms", "x floor", "bound"], rows)
    return broken


def _imports(contestants: dict[str, list[str]], env: dict[str, str]) -> None:
    """Print what the library's way loads beyond what the floor loads."""
    loaded = {name: _loaded(contestants[name], env) for name in (FLOOR, "keyturn.Auth.token()")}
    beyond = sorted(loaded["keyturn.Auth.token()"] - loaded[FLOOR])
    print("Loaded beyond the floor: " + ", ".join(beyond))


def _loaded(command: Sequence[str], env: dict[str, str]) -> set[str]:
    program = Path(command[0]).read_text()
    dump = "\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program + dump], env=env, capture_output=True, text=True
    )
    return set(done.stderr.split())


if __name__ == "__main__":
    sys.exit(main())
