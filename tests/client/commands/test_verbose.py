"""``--verbose`` and ``ACME_DEBUG=1``: what happened to the session, and never a secret."""

import re

import pytest

from tests.client.commands.acme_ import Acme

EXCHANGE = re.compile(r"(GET|POST) 127\.0\.0\.1:\d+: (HTTP \d{3}|no answer) after \d+ ms$", re.M)
COMMANDS = (
    ("login", "--force"),
    ("login", "--force", "--device"),
    ("status", "--online"),
    ("whoami", "--online"),
    ("token", "--json"),
    ("refresh",),
    ("doctor",),
    ("list",),
    ("switch", "ada"),
    ("logout",),
)


@pytest.mark.proves("K-66", "T-9")
def test_no_command_tells_a_token_code_verifier_or_state(acme: Acme) -> None:
    acme.with_browser()
    told = {}
    for typed in COMMANDS:
        done = acme.auth(*typed, "--verbose")
        assert done.returncode == 0, done.stderr
        told[typed] = _without_the_link(done.stderr)
    secrets = acme.server.secrets()
    assert len(secrets) >= 10  # code, verifier, state, device code, three sessions' tokens
    for typed, text in told.items():
        assert [secret for secret in secrets if secret in text] == [], typed
    assert "renewing the session" in told["refresh",]
    assert "stored the renewed session" in told["refresh",]
    assert "stored the new session" in told["login", "--force"]
    assert "revocation: revoked" in told["logout",]
    for online in (("refresh",), ("logout",), ("status", "--online"), ("doctor",)):
        assert EXCHANGE.search(told[online]), told[online]


@pytest.mark.proves("K-66", "T-9")
def test_the_variable_tells_the_same_as_the_option(acme: Acme) -> None:
    acme.with_browser()
    acme.variables["ACME_DEBUG"] = "1"
    told = [_without_the_link(acme.auth(command).stderr) for command in ("login", "refresh")]
    assert [secret for secret in acme.server.secrets() if secret in "".join(told)] == []
    assert "acme: stored the new session" in told[0]
    assert "acme: stored the renewed session" in told[1]
    assert all(map(EXCHANGE.search, told))


@pytest.mark.proves("K-66", "T-9")
def test_what_went_wrong_is_told_without_what_it_went_wrong_with(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.extra_tokens = {"access_token": "ill-formed\ncanary"}
    done = acme.auth("token", "--verbose")
    assert done.returncode == 75
    assert "canary" not in done.stderr
    assert [secret for secret in acme.server.secrets() if secret in done.stderr] == []


@pytest.mark.proves("K-66")
def test_without_being_asked_nothing_is_told(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    for value in ("", "0"):
        acme.variables["ACME_DEBUG"] = value
        assert acme.auth("refresh").stderr == ""


def _without_the_link(text: str) -> str:
    """Leave out the authorization link, which is for the person and carries the state (S-54)."""
    return "\n".join(line for line in text.splitlines() if "/oauth/authorize?" not in line)
