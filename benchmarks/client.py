"""What printing a valid stored token costs, against starting Python and reading one file.

All contestants take turns in one run, in random order, so that whatever else this machine does
hits them alike; read the ratios. Our session is a real one, signed in at a real server. How to
read the table: ``docs/explain/performance.md``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from _keyring import keyring
from _rivals import RIVALS, NotInstalled, python_of
from _running import PROGRAM, Person, SignIn, environment, server, table
from _turns import FLOOR, Contestant, Result, measure

FLOOR_PROGRAM = """
import os, sys, time
descriptor = os.open({path!r}, os.O_RDONLY)
expires_at, token = os.read(descriptor, 65536).decode().split()
if time.time() < float(expires_at):
    sys.stdout.write(token)
"""
AUTH = 'auth = keyturn.Auth("acme", issuer={issuer!r}, client_id="keyturn-cli")\n'
LIBRARY_PROGRAM = "import sys\nimport keyturn\n" + AUTH + "sys.stdout.write(auth.token())\n"
ARGPARSE_PROGRAM = (
    "import argparse\nimport sys\nimport keyturn\n"
    + AUTH
    + """
parser = argparse.ArgumentParser(prog="acme")
keyturn.attach_argparse(parser.add_subparsers(metavar="COMMAND", required=True), auth)
args = parser.parse_args()
sys.exit(args.func(args))
"""
)
CLICK_PROGRAM = (
    "import click\nimport keyturn\n"
    + AUTH
    + """
@click.group()
def cli(): pass
keyturn.attach_click(cli, auth)
cli(prog_name="acme")
"""
)
TYPER_PROGRAM = (
    "import typer\nimport keyturn\n"
    + AUTH
    + """
app = typer.Typer()
keyturn.attach_typer(app, auth)
app()
"""
)
PARSED = ("auth", "token")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where everything is: one folder for the file, one for the keyring, one for the rivals."""

    base: str
    folder: Path
    bus: str | None

    def home(self, name: str) -> Path:
        """Return a home directory of that name."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        return home


def main() -> int:
    """Print the table and the imports; 1 when a bound is broken."""
    with (
        tempfile.TemporaryDirectory() as name,
        keyring() as bus,
        server(access_token_seconds="86400") as base,
    ):
        machine = Machine(base=base, folder=Path(name), bus=bus)
        token = _signed_in(machine)
        contestants = [_floor(machine, token), *_ours(machine)]
        contestants += _keyrings(machine)
        contestants += _rivals(machine, token)
        results = measure(contestants)
        _report(results)
        _imports(contestants)
    return int(any(result.is_broken for result in results))


def _signed_in(machine: Machine) -> str:
    """Sign in, into the file and where possible into the keyring; return the file's token."""
    person = Person(machine.base)
    for storage in ("file", "keyring") if machine.bus else ("file",):
        home = machine.home(storage)
        sign_in = SignIn(machine.base, home, device=False, storage=storage, bus=machine.bus)
        person.open(sign_in.where["url"])
        _, answer = person.press("Approve")
        person.client.get(answer.headers["location"])
        sign_in.signed_in_at()
    env = environment(machine.base, machine.home("file"))
    command = [sys.executable, str(PROGRAM), *PARSED]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def _floor(machine: Machine, token: str) -> Contestant:
    plain = machine.folder / "plain"
    plain.write_text(f"{time.time() + 86400} {token}\n")
    return _program(machine, FLOOR, FLOOR_PROGRAM.format(path=str(plain)), home="file")


def _ours(machine: Machine) -> list[Contestant]:
    sample = [sys.executable, str(PROGRAM), *PARSED]
    env = environment(machine.base, machine.home("file"))
    return [
        _program(machine, "keyturn: Auth.token()", LIBRARY_PROGRAM, home="file", bound=1.10),
        Contestant("keyturn: the sample program, argparse", sample, env, bound=2.1),
        _program(machine, "keyturn: argparse, parsed", ARGPARSE_PROGRAM, home="file", typed=PARSED),
        _program(machine, "keyturn: click", CLICK_PROGRAM, home="file", typed=PARSED, bound=4.2),
        _program(machine, "keyturn: typer", TYPER_PROGRAM, home="file", typed=PARSED),
    ]


def _keyrings(machine: Machine) -> list[Contestant]:
    if machine.bus is None:
        print("  skipped: the keyring; dbus-run-session, gnome-keyring or gdbus is not installed")
        return []
    name = "keyturn: Auth.token() from the keyring"
    return [_program(machine, name, LIBRARY_PROGRAM, home="keyring", bound=3.0)]


def _program(
    machine: Machine,
    name: str,
    text: str,
    *,
    home: str,
    typed: tuple[str, ...] = (),
    bound: float | None = None,
) -> Contestant:
    folder = machine.folder / "".join(c if c.isalnum() else "_" for c in name)
    folder.mkdir()
    file = folder / "program.py"
    file.write_text(text.replace("{issuer!r}", repr(machine.base)))
    env = environment(machine.base, machine.home(home), bus=machine.bus)
    return Contestant(name, [sys.executable, str(file), *typed], env, bound=bound)


def _rivals(machine: Machine, token: str) -> list[Contestant]:
    found = []
    for name, rival in RIVALS.items():
        home = machine.home(f"rival-{name}")
        env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        if rival.needs_keyring:
            if machine.bus is None:
                print(f"  skipped: {name}; there is no keyring to read")
                continue
            env["DBUS_SESSION_BUS_ADDRESS"] = machine.bus
        try:
            python = python_of(name, rival)
        except NotInstalled as error:
            print(f"  skipped: {name}; {error}")
            continue
        for text, file in ((rival.store, "store.py"), (rival.show, "show.py")):
            (home / file).write_text(text)
        store = [python, "store.py", token]
        subprocess.run(store, env=env, cwd=home, check=True, capture_output=True)
        show = Contestant(name, [python, "show.py"], env, directory=str(home), every=2)
        if show.printed() != token:
            print(f"  skipped: {name}; it did not print the token")
            continue
        found.append(show)
    return found


def _report(results: list[Result]) -> None:
    rows = []
    for result in sorted(results, key=lambda each: each.ratio):
        bound = result.contestant.bound
        shown = "" if bound is None else f"{bound:.2f}" + (" broken" if result.is_broken else "")
        rows.append(
            [
                result.contestant.name,
                f"{result.milliseconds:.1f}",
                f"{result.ratio:.2f}",
                f"{result.low:.2f}-{result.high:.2f}",
                f"{result.cpu_ratio:.2f}",
                shown,
            ]
        )
    print(
        f"Print a valid stored token; {results[0].rounds} interleaved rounds, "
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    table(["", "ms", "x floor", "95 %", "CPU x floor", "bound"], rows)


def _imports(contestants: list[Contestant]) -> None:
    """Print what the library's way loads beyond what the floor loads."""
    by_name = {each.name: each for each in contestants}
    floor = _loaded(by_name[FLOOR])
    for name in ("keyturn: Auth.token()", "keyturn: Auth.token() from the keyring"):
        if name in by_name:
            beyond = sorted(_loaded(by_name[name]) - floor)
            print(f"{name} loads beyond the floor: " + ", ".join(beyond))


def _loaded(contestant: Contestant) -> set[str]:
    dump = "\nsys.stderr.write(' '.join(sys.modules))"
    program = Path(contestant.command[1]).read_text() + dump
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=contestant.env, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


if __name__ == "__main__":
    sys.exit(main())
