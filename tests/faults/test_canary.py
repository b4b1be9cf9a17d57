"""The canary: whatever secret a client ever saw is looked for wherever none may be.

Whole flows run against a real server that logs at DEBUG, are refused in every way, and end in
errors that were forced. Then database, log, data folder and process list are searched.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.faults import flows_ as flows
from tests.faults.canary_ import Canary, Watched, files_below, process_facts
from tests.faults.servers_ import Server, free_port
from tests.faults.steps_ import approve_device
from tests.server.person_ import Person

pytestmark = pytest.mark.proves("T-9")

LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(asctime)s %(message)s")
from keyturn.cli import main
sys.exit(main())
"""
METRICS_PORT = free_port()
DEBUGGING = {"PYTHONASYNCIODEBUG": "1", "PYTHONFAULTHANDLER": "1"}
# What is there to hold secrets: the server's own, keys for their owner, mails for theirs.
HOLDERS = ("secret", "project-default-keys.json", "outbox")


@dataclass(frozen=True)
class Played:
    """What is left after everything has been played through."""

    server: Server
    canary: Canary
    statuses: list[int]
    client_said: dict[str, bytes]
    client_processes: dict[str, bytes]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("canary")
    server = _quietly_started(folder / "data")
    try:
        canary = Canary()
        watched = Watched(server, canary)
        canary.note_members(json.loads((server.data / "project-default-keys.json").read_text()))
        canary.note("the server's secret", (server.data / "secret").read_text().strip())
        person, email, password = flows.people(watched)
        flows.mailed_codes(watched)
        living = flows.programs(watched, person)
        stack_token = flows.stack_clients(watched, person)
        said, processes = _real_client(watched, person, folder / "home")
        flows.refusals(watched, person, living, stack_token)
        flows.not_even_http(server, living)
        flows.dying_disk(watched, person, living)
        flows.surprises(watched, person, email, password)
        yield Played(server, canary, watched.statuses, said, processes)
    finally:
        server.kill()


def _quietly_started(data: Path) -> Server:
    # Once in silence: the first start shows the new project's keys, which is what it is for.
    server = Server(data, base_url=None)
    server.stop()
    server.log_file.unlink()
    port = server.port
    loud = (sys.executable, "-X", "dev", "-c", LOUD)
    watching = {"KEYTURN_LOG_REQUESTS": "true", "KEYTURN_METRICS": f"127.0.0.1:{METRICS_PORT}"}
    return Server(data, command=loud, port=port, base_url=None, environ=DEBUGGING | watching)


def _real_client(
    server: Watched, person: Person, home: Path
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Sign the real client in by device code; return what it said, and how it was seen to run."""
    home.mkdir()
    # Not this process's variables: they belong to whoever runs the tests.
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    keyturn = [sys.executable, "-m", "keyturn", "auth"]
    asked = ["--issuer", server.server.base_url, "--client-id", "keyturn-cli", "--storage", "file"]
    login = subprocess.Popen(
        [*keyturn, "login", "--device", "--json", "--verbose", *asked],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert login.stdout is not None
    event = json.loads(login.stdout.readline())
    server.canary.note("user_code of the client", event["user_code"])
    processes = process_facts(login.pid)
    approve_device(person, event["user_code"])
    rest, complaints = login.communicate(timeout=60)
    assert login.returncode == 0, complaints
    said = {"login's standard output": rest, "login's standard error": complaints}
    for command in ("status", "whoami", "token"):
        ran = subprocess.run(
            [*keyturn, command, *(["--verbose"] if command == "token" else [])],
            env=environ,
            capture_output=True,
            timeout=60,
            check=True,
        )
        said[f"standard error of {command}"] = ran.stderr
        if command != "token":  # whose purpose is to print one
            said[f"standard output of {command}"] = ran.stdout
    _note_stored(server.canary, home)
    return said, processes


def _note_stored(canary: Canary, home: Path) -> None:
    stored = [path for path in home.rglob("*") if path.is_file()]
    for path in stored:
        if path.suffix == ".json":
            canary.note_members(json.loads(path.read_bytes()))
    assert any(value.startswith("ktr_") for value in canary.seen), stored


def test_enough_was_played_to_find_something(played: Played) -> None:
    names = set(played.canary.seen.values())
    assert len(played.canary.seen) > 60
    for needed in (
        "refresh_token",
        "access_token",
        "polling_code",
        "login_code",
        "device_code",
        "user_code",
        "password",
        "code",
        "token",
        "code_verifier",
        "nonce",
        "form_token",
        "cookie keyturn_browser",
        "cookie keyturn_session_default",
    ):
        assert needed in names, f"no {needed} was seen"
    assert {200, 201, 303, 400, 401, 403, 404, 500} <= set(played.statuses)
    assert played.statuses.count(500) >= 8
    for face in ("POST /oauth/token", "A request", "POST /sign-in"):
        assert f"{face} failed with" in played.server.log
    # Each place is really searched: what a thief may know is found in it.
    assert b"ada@example.com" in b"".join(_database(played).values())


def test_no_secret_stands_in_the_database_or_the_data_folder(played: Played) -> None:
    found = []
    for name, content in files_below(played.server.data, but=HOLDERS).items():
        found += played.canary.found_in(name, content)
    assert found == []


def test_no_secret_stands_in_the_log_or_a_traceback(played: Played) -> None:
    assert played.canary.found_in("the log", played.server.log_file.read_bytes()) == []


def test_no_persons_address_stands_in_the_log(played: Played) -> None:
    log = played.server.log
    assert " /sign-in " in log  # each request has its line, by its declared route
    assert "@example.com" not in log
    assert "%40example.com" not in log


def test_no_secret_stands_in_the_metrics(played: Played) -> None:
    told = httpx2.get(f"http://127.0.0.1:{METRICS_PORT}/metrics").content
    assert b'route="/oauth/token"' in told
    assert played.canary.found_in("the metrics", told) == []
    assert b"@example.com" not in told


def test_no_secret_stands_in_a_process_list(played: Played) -> None:
    seen = process_facts(played.server.pid) | played.client_processes
    assert [
        f for place, content in seen.items() for f in played.canary.found_in(place, content)
    ] == []


def test_no_secret_stands_in_what_the_client_says(played: Played) -> None:
    said = played.client_said
    assert [
        f for place, content in said.items() for f in played.canary.found_in(place, content)
    ] == []


def _database(played: Played) -> dict[str, bytes]:
    files = files_below(played.server.data, but=HOLDERS)
    return {name: content for name, content in files.items() if name.startswith("keyturn.sqlite3")}
