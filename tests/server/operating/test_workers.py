"""Several processes behind one socket: ready once, replaced when they die, ended together."""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest

from keyturn.server.operating.supervisor import Supervisor
from tests.faults.servers_ import free_port
from tests.served_ import Served, serving

LONG_SECONDS = 60


def workers_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in children.split()]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(true: object, what: str) -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while time.monotonic() < deadline:
        if true():  # type: ignore[operator]
            return
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


def counted(metrics: int, path: str) -> float:
    text = httpx2.get(f"http://127.0.0.1:{metrics}/metrics").text
    start = f'keyturn_requests_total{{method="GET",route="{path}",status="200"}} '
    return sum(float(line[len(start) :]) for line in text.splitlines() if line.startswith(start))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> object:
    metrics = free_port()
    folder = tmp_path_factory.mktemp("workers")
    with serving(folder, "--workers", "2", metrics=f"127.0.0.1:{metrics}") as server:
        yield server, metrics


def test_a_killed_worker_is_replaced_metrics_add_up_and_sigterm_drains_all_with_exit_0(
    two: tuple[Served, int],
) -> None:
    server, metrics = two
    first = workers_of(server.process.pid)
    assert len(first) == 2
    for _ in range(10):
        assert server.request("GET", "/health").status_code == 200
    assert counted(metrics, "/health") == 10

    os.kill(first[0], signal.SIGKILL)
    until(lambda: _replaced(server, first), "a new worker")
    until(lambda: server.request("GET", "/ready").status_code == 200, "readiness")
    assert counted(metrics, "/health") == 10  # what the dead one has counted stays

    answers: list[httpx2.Response] = []
    client = {"client_id": "keyturn-cli"}
    device = server.request("POST", "/oauth/device_authorization", data=client).json()
    code = device["device_code"]
    held = threading.Thread(target=lambda: answers.append(_held_poll(server, code)))
    held.start()
    # The held one is in progress in one process or the other; the numbers are those of both.
    until(lambda: "in_progress 1.0" in _text(metrics), "a held poll")
    server.process.send_signal(signal.SIGTERM)
    held.join(LONG_SECONDS)
    assert answers[0].json()["error"] == "authorization_pending"
    assert server.process.wait(LONG_SECONDS) == 0
    assert server.process.stdout is not None
    assert server.process.stdout.read() == ""  # it said that it was ready once, when it was
    assert "Traceback" not in server.log


def _replaced(server: Served, first: list[int]) -> bool:
    now = workers_of(server.process.pid)
    return len(now) == 2 and first[0] not in now and first[1] in now


def _text(metrics: int) -> str:
    return httpx2.get(f"http://127.0.0.1:{metrics}/metrics").text


def _held_poll(server: Served, device_code: str) -> httpx2.Response:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": device_code,
        "client_id": "keyturn-cli",
    }
    return httpx2.post(
        f"{server.base}/oauth/token", data=form, headers={"prefer": "wait=50"}, timeout=60
    )


def test_when_the_parent_is_killed_its_workers_drain_and_leave_the_port(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server:
        pids = workers_of(server.process.pid)
        server.process.kill()
        server.process.wait()
        until(lambda: not any(map(is_alive, pids)), "the workers' end")
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", server.port))


def supervise(tmp_path: Path, script: str, count: int = 2) -> tuple[int, list[str]]:
    """Run a supervisor over ``script`` as a program would; return its status and what it said."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        status = Supervisor(
            [sys.executable, "-S", "-c", script],
            listener,
            count=count,
            environ={"FOLDER": str(tmp_path)},
            stop_seconds=0.3,
            ready=lambda: said.append("ready"),
            ended=lambda pid: said.append("ended"),
        ).run()
    return status, said


def test_workers_that_cannot_start_end_it_all_with_1_and_nobody_is_told_ready(
    tmp_path: Path,
) -> None:
    assert supervise(tmp_path, "raise SystemExit(1)") == (1, [])


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listening, tell, life = map(int, sys.argv[1].split(","))
os.write(tell, b"."); os.close(tell)
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(60)
"""


def test_a_worker_that_does_not_drain_in_time_is_killed_and_the_status_says_so(
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    status, said = supervise(tmp_path, STUBBORN, count=1)
    assert status == 1
    assert said == ["ready", "ended"]
    assert time.monotonic() - began < 30
