"""``auth refresh``: one grant, due or not, and never a token on the screen."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from tests.client.commands.acme_ import Acme, documents
from tests.client.commands.terminal_ import PATIENCE_SECONDS, Terminal


def grants(acme: Acme) -> int:
    return acme.server.grant_types().count("refresh_token")


def wait_until_open(terminal: Terminal, path: Path) -> None:
    """Return when the program on ``terminal`` has opened ``path``."""
    descriptors = Path(f"/proc/{terminal.process.pid}/fd")
    until = time.monotonic() + PATIENCE_SECONDS
    while str(path) not in {os.path.realpath(entry) for entry in descriptors.iterdir()}:
        assert time.monotonic() < until, f"{path} was never opened"
        time.sleep(0.01)


@pytest.mark.proves("K-60")
def test_refresh_forces_one_grant_and_tells_the_new_expiry(any_acme: Acme) -> None:
    any_acme.sign_in()
    old = any_acme.auth("token").stdout
    any_acme.server.lifetime = 7 * 60 + 50
    done = any_acme.auth("refresh")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"Renewed the session of ada@example.com ({any_acme.server.host}). "
        "The access token is valid for 7 minutes.\n"
    )
    assert grants(any_acme) == 1
    new = any_acme.auth("token").stdout
    assert new == any_acme.server.issued[-1] != old


@pytest.mark.proves("K-60")
def test_refresh_as_json_has_the_expiry_and_no_token(any_acme: Acme) -> None:
    any_acme.sign_in()
    done = any_acme.auth("refresh", "--json", "--verbose")
    (document,) = documents(done.stdout)
    assert document["expires_at"].endswith("Z")
    assert document["account"]["email"] == "ada@example.com"
    secrets = [*any_acme.server.secrets()]
    assert "renewing the session" in done.stderr
    assert not [token for token in secrets if token in done.stdout + done.stderr]


def test_refresh_renews_the_account_that_was_named(acme: Acme) -> None:
    acme.sign_in(subject="user-1", email="ada@example.com")
    acme.sign_in(subject="user-2", email="ada@work.example")
    done = acme.auth("refresh", "--account", "ada@example.com")
    assert done.stdout.startswith("Renewed the session of ada@example.com")
    work, home = acme.server.issued[1:]
    assert acme.auth("token").stdout == work
    assert acme.auth("token", "--account", "ada@example.com").stdout == home


def test_an_expiry_that_was_not_told_is_not_made_up(acme: Acme) -> None:
    acme.sign_in(lifetime=None)
    assert acme.auth("refresh").stdout.endswith(
        "The server did not say how long the access token is valid.\n"
    )


def test_refresh_with_nobody_signed_in_exits_4(any_acme: Acme) -> None:
    done = any_acme.auth("refresh")
    assert (done.returncode, done.stdout) == (4, "")
    assert "Run `acme auth login` to sign in." in done.stderr


def test_a_session_that_has_ended_at_the_server_exits_4(acme: Acme) -> None:
    acme.sign_in()
    acme.server.families.clear()
    done = acme.auth("refresh", "--json")
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = documents(done.stderr)
    assert line["error"]["code"] == "SESSION_EXPIRED"


def test_without_the_server_refresh_is_temporary_and_changes_nothing(acme: Acme) -> None:
    acme.sign_in()
    before = (acme.state / "session.json").read_bytes()
    acme.server.stop()
    done = acme.auth("refresh")
    assert (done.returncode, done.stdout) == (75, "")
    assert "You are still signed in." in done.stderr
    assert (acme.state / "session.json").read_bytes() == before


def test_a_session_of_a_kind_that_cannot_be_renewed_says_so(acme: Acme) -> None:
    token = acme.server.new_token()
    assert acme.auth("login", "--with-token", stdin=token).returncode == 0
    done = acme.auth("refresh", "--json")
    assert done.returncode == 1
    (line,) = documents(done.stderr)
    assert line["error"]["code"] == "REFRESH_UNAVAILABLE"


def test_a_token_from_the_environment_cannot_be_renewed_and_is_said_to_rule(acme: Acme) -> None:
    acme.variables["ACME_TOKEN"] = "from-outside"
    done = acme.auth("refresh", "--json")
    assert done.returncode == 1
    (line,) = documents(done.stderr)
    assert line["error"]["code"] == "TOKEN_FROM_ENV"
    acme.sign_in()
    done = acme.auth("refresh")
    assert done.returncode == 0
    assert done.stderr == "warn  ACME_TOKEN is set in the environment and is used instead.\n"


@pytest.mark.proves("K-26")
def test_signing_out_while_refresh_waits_for_the_lock_sends_no_grant(acme: Acme) -> None:
    acme.sign_in()
    assert acme.auth("refresh").returncode == 0
    (path,) = acme.state.glob("refresh-*.lock")
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with acme.terminal("refresh") as waiting:
            wait_until_open(waiting, path)
            assert acme.auth("logout").returncode == 0
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.end() == 4
    assert grants(acme) == 1
    assert acme.stored_secrets() == []
