"""A disk that is full, read-only or dying: 503 on every face, nothing half done, and it heals."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.disks_ import failing_calls, small_disk
from tests.faults.servers_ import COMMAND, Server, serving
from tests.faults.steps_ import (
    CLIENT,
    authorization_code,
    good,
    guest,
    redeem_send,
    refresh_send,
    send,
    signed_up,
    stack,
)
from tests.server.person_ import PASSWORD, Person


@dataclass
class Patient:
    """A server whose disk is about to fail, and a session that must live through it."""

    server: Server
    email: str
    tokens: dict[str, Any]
    stack_token: str

    def writes(self) -> dict[str, httpx2.Response]:
        """Ask for something that must be written, at each face."""
        server, current = self.server, self.tokens["refresh_token"]
        oauth = {"client_id": CLIENT}
        return {
            "refresh": send(server, refresh_send(server.port, current)),
            "device": server.request("POST", "/oauth/device_authorization", data=oauth),
            "revoke": server.request("POST", "/oauth/revoke", data=oauth | {"token": current}),
            "guest": stack(server, "/auth/anonymous/sign-up", {}),
            "cli": stack(server, "/auth/cli", {}),
            "page": self.page(),
        }

    def page(self) -> httpx2.Response:
        """Sign in with another browser."""
        other = Person(self.server)
        other.open("/sign-in")
        return other.press("/sign-in", email=self.email, password=PASSWORD, follow=False)

    def refresh(self) -> httpx2.Response:
        return send(self.server, refresh_send(self.server.port, self.tokens["refresh_token"]))


def admitted(server: Server, email: str = "ada@example.com") -> Patient:
    ada = signed_up(server, email)
    tokens = good(send(server, redeem_send(server.port, authorization_code(ada))))
    return Patient(server, email, tokens, guest(server)["refresh_token"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("dying") / "data") as servers:
        yield servers[0]


def assert_all_are_put_off(answers: dict[str, httpx2.Response]) -> None:
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        answers, 503
    )
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers.values())


def assert_reads_go_on(patient: Patient) -> None:
    bearer = {"authorization": f"Bearer {patient.tokens['access_token']}"}
    assert patient.server.request("GET", "/oauth/userinfo", headers=bearer).status_code == 200
    assert patient.server.request("GET", "/oauth/jwks").status_code == 200
    renewed = stack(
        patient.server, "/auth/sessions/current/refresh", refresh_token=patient.stack_token
    )
    assert renewed.status_code == 200


def assert_healed_and_nothing_was_changed(patient: Patient) -> None:
    answer = good(patient.refresh())
    assert answer["generation"] == patient.tokens["generation"] + 1
    patient.tokens = answer
    statuses = {name: answer.status_code for name, answer in patient.writes().items()}
    assert statuses.pop("page") == 303
    assert all(status == 200 for status in statuses.values()), statuses


@pytest.mark.proves("S-25", "S-26", "T-13")
def test_a_full_disk_puts_every_writer_off_and_heals_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, serving(disk.path / "data") as servers:
        patient = admitted(servers[0])
        disk.fill()
        for _ in range(2):
            assert_all_are_put_off(patient.writes())
            assert_reads_go_on(patient)
        disk.make_room()
        assert_healed_and_nothing_was_changed(patient)


@pytest.mark.proves("S-25", "T-13")
@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO",
        "pwrite64:error=EIO",
        "pwrite64:error=EROFS",
        "pwrite64:error=ENOSPC",
    ],
)
def test_a_disk_that_fails_in_mid_run_puts_every_writer_off_and_is_used_again_once_it_works(
    server: Server, fault: str
) -> None:
    patient = admitted(server, f"{fault.replace(':', '.')}@example.com")
    with failing_calls(server.pid, fault):
        assert_all_are_put_off(patient.writes())
        assert_reads_go_on(patient)
    assert_healed_and_nothing_was_changed(patient)


def test_a_read_only_folder_is_said_in_one_line_at_the_start(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with serving(disk.path / "data") as servers:
            servers[0].stop()
        disk.make_read_only()
        started = subprocess.run(
            [*COMMAND, "serve", "--port", "0", "--data", str(disk.path / "data")],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert started.returncode == 1
        assert started.stderr.startswith("fail  ")
        assert "cannot be written" in started.stderr
        assert "Traceback" not in started.stderr
