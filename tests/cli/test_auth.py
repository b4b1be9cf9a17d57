"""``keyturn auth``: the commands without an author, with profiles that remember the server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.issuers_.issuer_ import Issuer

SCRIPT = Path(sys.executable).with_name("keyturn")


@dataclass
class Machine:
    """A home directory in which ``keyturn auth`` is typed."""

    home: Path

    def auth(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, "auth", *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            input="",
            timeout=60,
        )

    def login(self, server: Issuer, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--issuer", server.url, "--client-id", "keyturn-cli")
        return self.auth("login", "--device", *where, *arguments)

    @property
    def profiles(self) -> Path:
        return self.home / ".local" / "state" / "keyturn" / "profiles"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def server() -> Iterator[Issuer]:
    with Issuer() as running:
        running.interval = 1
        yield running


def test_the_server_is_told_once_and_remembered(machine: Machine, server: Issuer) -> None:
    done = machine.login(server)
    assert done.returncode == 0, done.stderr
    status = machine.auth("status")
    assert status.stdout.startswith(f"Signed in as ada@example.com ({server.host})")
    assert machine.auth("token").stdout == server.issued[-1]
    assert machine.auth("token", "--json").returncode == 0
    assert machine.auth("logout").returncode == 0
    again = machine.auth("login", "--device")
    assert again.returncode == 0, again.stderr


def test_before_the_first_sign_in_the_hint_says_how_to_name_a_server(machine: Machine) -> None:
    for command in ("status", "token", "whoami", "logout"):
        done = machine.auth(command)
        assert done.returncode == 4
        hint = "      Run `keyturn auth login --issuer URL`."
        assert done.stderr.splitlines()[1] == hint
    assert machine.auth("login").returncode == 2
    line = json.loads(machine.auth("status", "--json").stderr)
    assert line["error"]["code"] == "SIGN_IN_REQUIRED"


def test_profiles_keep_servers_and_their_sessions_apart(machine: Machine, server: Issuer) -> None:
    with Issuer() as other:
        other.interval = 1
        other.email = "ada@work.example"
        assert machine.login(server).returncode == 0
        assert machine.login(other, "--profile", "work").returncode == 0
        assert "ada@example.com" in machine.auth("whoami").stdout
        assert "ada@work.example" in machine.auth("whoami", "--profile", "work").stdout
        assert machine.auth("token", "--profile", "work").stdout == other.issued[-1]
        assert machine.auth("logout", "--profile", "work").returncode == 0
        ended = machine.auth("token", "--profile", "work")
        assert ended.returncode == 4
        assert "Run `keyturn auth login --profile work`" in ended.stderr
        assert machine.auth("token").stdout == server.issued[-1]


def test_a_sign_in_that_failed_changes_no_profile(machine: Machine, server: Issuer) -> None:
    assert machine.login(server).returncode == 0
    with Issuer() as other:
        other.interval = 1
        other.decision = "deny"
        assert machine.login(other).returncode == 1
    assert machine.auth("status").stdout.startswith(f"Signed in as ada@example.com ({server.host})")


def test_a_profile_that_means_another_server_now_is_announced(
    machine: Machine, server: Issuer
) -> None:
    assert machine.login(server).returncode == 0
    with Issuer() as other:
        other.interval = 1
        done = machine.login(other)
        assert done.returncode == 0, done.stderr
        assert (
            f"The profile 'default' now means {other.url}, no longer {server.url}.\n" in done.stderr
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--client-id", "acme"), "--issuer must be given as well."),
        (("--stack-url", "https://api.example"), "--project-id and --app-url must be given"),
        (
            ("--issuer", "https://id.example", "--stack-url", "https://api.example"),
            "do not go with a Stack project's options",
        ),
        (("--profile", "../etc/passwd"), "A profile's name is made of"),
        (("--profile", ""), "names no server yet"),
    ],
)
def test_a_login_that_names_half_a_server_exits_2(
    machine: Machine, arguments: tuple[str, ...], said: str
) -> None:
    done = machine.auth("login", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert not machine.profiles.exists()


def test_a_profile_is_private_and_a_broken_one_is_named(machine: Machine, server: Issuer) -> None:
    assert machine.login(server).returncode == 0
    (file,) = machine.profiles.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"issuer = \xff\n")
    done = machine.auth("status")
    assert done.returncode == 1
    assert str(file) in done.stderr
    file.write_text("nothing here\n")
    assert str(file) in machine.auth("token").stderr
