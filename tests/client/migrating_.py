"""A program's runs that take over an older token: killed at each step, on a full disk, in a crowd.

    migrating_.py killed FOLDER       one line for each step: where it died, what the next run found
    migrating_.py crowd FOLDER COUNT  one line for each process: what came of it

Everything is imported once and forked from there, so that hundreds of runs take a second.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import keyturn
from keyturn.client import migrate, refresh, runtime  # noqa: F401 - loaded once, before the forks

OLD = "old-raw-token"
_SYSTEM = ("open", "os.", "fcntl.")  # What Python tells of before it asks the system.
_MOST_STEPS = 400


def auth(folder: Path, **options: object) -> keyturn.Auth:
    """Return the program of a person whose older layout is ``config.json`` in ``folder``."""
    return keyturn.Auth(
        "acme",
        issuer="https://id.example",
        client_id="acme-cli",
        home=str(folder / "home"),
        legacy=keyturn.LegacyJson(folder / "config.json", "auth", "token"),
        **options,  # type: ignore[arg-type]
    )


def prepare(folder: Path) -> None:
    """Write what the older version of the program left."""
    folder.mkdir(exist_ok=True)
    config = {"theme": "dark", "auth": {"token": OLD, "host": "id.example"}}
    (folder / "config.json").write_text(json.dumps(config))


def forked(work: Callable[[], object]) -> tuple[int, str]:
    """Return how a child that does ``work`` ended, and what it returned."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(write, str(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with open(read, "rb") as pipe:
        answer = pipe.read().decode()
    return os.waitpid(child, 0)[1], answer


def die_before(step: int) -> None:
    """Have this process killed just before it asks the system for its ``step``-th service."""
    left = [step]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(_SYSTEM) and event != "os.kill":
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def interrupted(folder: Path, step: int) -> str:
    die_before(step)
    return auth(folder).token()


def killed(folder: Path) -> None:
    """Kill a migration before each of its steps, each time in a fresh folder; then run again."""
    for step in range(_MOST_STEPS):
        place = folder / str(step)
        prepare(place)
        status, _ = forked(lambda place=place, step=step: interrupted(place, step))  # type: ignore[misc]
        _, has = forked(lambda place=place: auth(place).has_session())  # type: ignore[misc]
        _, token = forked(lambda place=place: auth(place).token())  # type: ignore[misc]
        # A run that only prints a token may leave the cleaning up to one that does more.
        _, outcome = forked(lambda place=place: auth(place).migrate().cleared)  # type: ignore[misc]
        line = {"killed": status == signal.SIGKILL, "has": has, "token": token, "cleared": outcome}
        print(json.dumps({**line, "left": strays(place)}))
        if status != signal.SIGKILL:
            return


def strays(place: Path) -> list[str]:
    """Return every file of ``place`` that holds the token, and is not the store."""
    files = (path for path in place.rglob("*") if path.is_file() and path.name != "session.json")
    return [path.name for path in files if OLD.encode() in path.read_bytes()]


def crowd(folder: Path, count: int) -> None:
    """Have ``count`` processes take the token over at the same moment."""
    prepare(folder)
    start_read, start_write = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(start_write)
            os.read(start_read, 1)  # Returns, for all of them, when the last writer is gone.
            program = auth(folder)
            outcome = program.migrate()
            line = {"result": outcome.result, "token": program.token()}
            os.write(1, json.dumps(line).encode() + b"\n")
            os._exit(0)
        children.append(child)
    os.close(start_read)
    os.close(start_write)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    if sys.argv[1] == "killed":
        killed(Path(sys.argv[2]))
    else:
        crowd(Path(sys.argv[2]), int(sys.argv[3]))
