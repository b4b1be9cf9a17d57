"""Liveness and readiness, and what a shutdown looks like to a balancer and to those who wait."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from keyturn.server.operating.readiness import LOOK_EVERY_SECONDS, Readiness
from keyturn.server.storage.base import StorageUnavailable
from tests.faults.disks_ import small_disk
from tests.faults.servers_ import assert_no_surprise
from tests.served_ import serving
from tests.server.in_process_ import InProcess, SetClock


def test_a_started_server_is_alive_and_ready_and_tells_nothing_else(tmp_path: Path) -> None:
    server = InProcess(tmp_path / "data")
    try:
        for path, said in (("/health", "ok"), ("/ready", "ready")):
            answer = server.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": said})
            assert answer.headers["cache-control"] == "no-store"
            assert server.request("HEAD", path).status_code == 200
    finally:
        server.close()


class Database:
    """A storage whose writes end as the test says."""

    def __init__(self) -> None:
        self.writes, self.fails, self.hangs = 0, False, False

    async def write(self, *_: object, **__: object) -> None:
        self.writes += 1
        if self.fails:
            raise StorageUnavailable("canary: disk I/O error")
        if self.hangs:
            await asyncio.Event().wait()


def test_a_database_that_hangs_is_a_reason_within_bounded_time() -> None:
    database = Database()
    database.hangs = True

    async def ask() -> str | None:
        readiness = Readiness(database, SetClock(), write_seconds=0.01)  # type: ignore[arg-type]
        return await asyncio.wait_for(readiness.reason(), 5)

    assert asyncio.run(ask()) == "database-slow"


@pytest.mark.proves("T-11")
def test_any_number_of_probes_share_one_write_a_second() -> None:
    database = Database()

    async def ask() -> set[str | None]:
        readiness = Readiness(database, SetClock())  # type: ignore[arg-type]
        return set(await asyncio.gather(*(readiness.reason() for _ in range(100))))

    assert asyncio.run(ask()) == {None}
    assert database.writes == 1


def test_a_draining_process_is_not_ready_even_for_those_who_asked_before() -> None:
    database = Database()

    async def ask() -> list[str | None]:
        readiness = Readiness(database, SetClock())  # type: ignore[arg-type]
        asked = asyncio.create_task(readiness.reason())
        await asyncio.sleep(0)
        readiness.drain()
        return [await asked, await readiness.reason()]

    assert asyncio.run(ask()) == ["draining", "draining"]


def test_on_a_full_disk_it_is_not_ready_says_why_without_details_and_recovers(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk, serving(disk.path) as server:
        assert server.request("GET", "/ready").status_code == 200
        disk.fill()
        refused = _asked_until(server.base, 503)
        assert refused.json() == {"status": "not ready", "reason": "database"}
        assert refused.headers["retry-after"] == "1"
        assert server.request("GET", "/health").status_code == 200
        disk.make_room()
        assert _asked_until(server.base, 200).json() == {"status": "ready"}
        assert_no_surprise(server.log)


def test_sigterm_turns_readiness_first_answers_the_held_poll_then_exits_0(tmp_path: Path) -> None:
    with serving(tmp_path, drain_seconds="2") as server:
        device = server.request(
            "POST", "/oauth/device_authorization", data={"client_id": "keyturn-cli"}
        ).json()
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": device["device_code"],
            "client_id": "keyturn-cli",
        }

        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as held:
            held.sendall(_request("/oauth/token", form))
            # Its bytes were there before this request's, and one event loop answers both.
            assert server.request("GET", "/health").status_code == 200
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert _asked_until(server.base, 503).json()["reason"] == "draining"
            # Told to go elsewhere, whoever comes all the same is still answered.
            assert server.request("GET", "/oauth/jwks").status_code == 200
            answer = b""
            while part := held.recv(65536):
                answer += part
        assert b"authorization_pending" in answer
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 15
        assert_no_surprise(server.log)


def _request(path: str, form: dict[str, str]) -> bytes:
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nPrefer: wait=50\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _asked_until(base: str, status: int) -> httpx2.Response:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = httpx2.get(f"{base}/ready")
        if answer.status_code == status:
            return answer
        time.sleep(LOOK_EVERY_SECONDS / 20)
    raise AssertionError(f"/ready never answered {status}")


def test_the_json_log_is_one_object_a_line_with_the_requests_name(tmp_path: Path) -> None:
    with serving(tmp_path, log_format="json", log_requests="true") as server:
        told = server.request("GET", "/oauth/jwks?token=canary").headers["x-request-id"]
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    (mine,) = [line for line in lines if line.get("request_id") == told]
    assert mine["message"].startswith("GET /oauth/jwks 200 ")
    assert set(mine) == {"time", "level", "logger", "message", "request_id"}
    assert "canary" not in server.log
