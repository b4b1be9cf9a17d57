"""``keyturn auth login --issuer URL``, and nothing else said: the server has never heard of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.testing.person import Person
from tests.served_ import Served, serving

OPEN = """
[[projects]]
id = "default"
display_name = "Acme"
registration = "{policy}"
"""
SCRIPT = Path(sys.executable).with_name("keyturn")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """Yield a server at which anybody may register."""
    folder = tmp_path / "server"
    folder.mkdir()
    with serving(folder, config=OPEN.format(policy="open")) as running:
        yield running


def keyturn(home: Path, person: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type a command of ``keyturn auth``."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), **person.environment}
    return subprocess.run(
        [SCRIPT, "auth", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.proves("K-46")
def test_with_the_issuer_alone_a_person_signs_in_goes_on_and_signs_out(
    server: Served, tmp_path: Path
) -> None:
    with Person(email="ada@example.com") as ada:
        done = keyturn(tmp_path, ada, "login", "--issuer", server.base, "--storage", "file")
        assert done.returncode == 0, done.stderr
        first = keyturn(tmp_path, ada, "token").stdout
        assert keyturn(tmp_path, ada, "refresh").returncode == 0
        assert keyturn(tmp_path, ada, "token").stdout not in ("", first)
        again = keyturn(tmp_path, ada, "login", "--force")
        assert again.returncode == 0, again.stderr
        out = keyturn(tmp_path, ada, "logout")
        assert "revoked" in out.stdout + out.stderr
    state = tmp_path / ".local" / "state" / "keyturn"
    assert len(list(state.glob("registration-*.json"))) == 1
    (profile,) = (state / "profiles").iterdir()
    assert profile.read_text() == f"issuer = {server.base}\n"


@pytest.mark.proves("K-46", "K-63")
def test_where_nobody_may_register_the_hint_says_whom_to_ask(tmp_path: Path) -> None:
    with (
        serving(tmp_path, config=OPEN.format(policy="off")) as server,
        Person(email="ada@example.com") as ada,
    ):
        done = keyturn(tmp_path, ada, "login", "--issuer", server.base)
    assert done.returncode == 1
    assert "does not register" in done.stderr
    assert "client id" in done.stderr
