"""``auth logout``: revoked where possible, forgotten in any case, and told as it was."""

import time

import pytest

from tests.client.commands.acme_ import Acme, documents
from tests.client.commands.terminal_ import until
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, Asked
from tests.issuers_.issuer_ import Issuer


@pytest.mark.proves("K-61")
def test_signing_out_revokes_and_forgets(any_acme: Acme) -> None:
    any_acme.sign_in()
    done = any_acme.auth("logout")
    assert done.returncode == 0, done.stderr
    host = any_acme.server.host
    assert done.stdout == f"Signed out ada@example.com. The session was revoked at {host}.\n"
    assert done.stderr == ""
    assert any_acme.server.revoked()
    assert any_acme.stored_secrets() == []
    assert any_acme.auth("token").returncode == 4


@pytest.mark.proves("K-61")
def test_when_the_server_does_not_answer_the_session_is_forgotten_and_its_end_is_told(
    acme: Acme,
) -> None:
    acme.sign_in()
    acme.server.stop()
    done = acme.auth("logout")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Signed out ada@example.com on this machine.\n"
    host = acme.server.host
    assert done.stderr.startswith(
        f"warn  {host} did not answer, so the session there may live until "
    )
    assert done.stderr.endswith(f" End it at {acme.server.url}/sessions\n")
    assert acme.stored_secrets() == []


def test_signing_out_as_json_reports_what_became_of_the_session(any_acme: Acme) -> None:
    any_acme.sign_in()
    (document,) = documents(any_acme.auth("logout", "--json").stdout)
    (outcome,) = document["signed_out"]
    assert outcome["account"] == "ada@example.com"
    assert outcome["revoked"] == "revoked"


def test_signing_out_twice_is_no_failure(any_acme: Acme) -> None:
    done = any_acme.auth("logout")
    assert (done.returncode, done.stdout) == (0, "Nobody was signed in.\n")
    assert documents(any_acme.auth("logout", "--json").stdout) == [
        {"signed_out": [], "environment_variable": None}
    ]


def test_a_token_in_the_environment_cannot_be_cleared_and_logout_says_so(acme: Acme) -> None:
    acme.sign_in()
    acme.variables["ACME_TOKEN"] = "from-outside"
    done = acme.auth("logout")
    assert done.returncode == 0
    assert done.stdout.startswith("Signed out ada@example.com.")
    assert "warn  ACME_TOKEN is still set in the environment" in done.stderr
    nothing_left = acme.auth("logout")
    assert nothing_left.returncode == 1
    assert "ACME_TOKEN" in nothing_left.stderr


def test_all_is_no_failure_where_nobody_is_signed_in_whomever_the_environment_names(
    acme: Acme,
) -> None:
    acme.variables["ACME_ACCOUNT"] = "eve"
    done = acme.auth("logout", "--all")
    assert (done.returncode, done.stdout) == (0, "Nobody was signed in.\n")


@pytest.mark.proves("K-61")
@pytest.mark.parametrize("subjects", [["ada"], ["ada", "bob", "eve"]], ids=len)
def test_all_signs_every_account_out(acme: Acme, subjects: list[str]) -> None:
    sign_in_as(acme, *subjects)
    done = acme.auth("logout", "--all")
    assert done.returncode == 0
    for subject in subjects:
        assert f"Signed out {subject}@example.com. The session was revoked" in done.stdout
    assert len(acme.server.revoked()) == len(subjects)
    assert acme.auth("status").returncode == 4
    assert acme.stored_secrets() == []


@pytest.mark.proves("K-61")
def test_a_hanging_server_cannot_hold_all_accounts_longer_than_one(acme: Acme) -> None:
    sign_in_as(acme, "ada", "bob", "eve", "joe")
    acme.server.routes["/oauth/revoke"] = hang = Hang(acme.server)
    started = time.monotonic()
    with acme.terminal("logout", "--all") as terminal:
        until(lambda: hang.held == 4)  # each is being revoked, none after another
        acme.server.stop()
        assert terminal.end() == 0
    assert time.monotonic() - started < 5
    assert terminal.shown.count(" on this machine.") == 4
    assert acme.stored_secrets() == []


class Hang:
    """Holds every request until the server stops, and counts them."""

    def __init__(self, server: Issuer) -> None:
        self.held = 0
        self._server = server

    def __call__(self, asked: Asked) -> Answer:
        self.held += 1
        self._server.waits(30)
        return Answer(raw=b"")


def sign_in_as(acme: Acme, *subjects: str) -> None:
    """Store a session of each."""
    for subject in subjects:
        acme.server.subject = subject
        Machine(acme.state).signed_in(acme.server)
