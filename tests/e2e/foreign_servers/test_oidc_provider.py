"""Our client against a certified provider that nobody here wrote: node-oidc-provider.

It rotates refresh tokens and ends the whole grant when one comes twice, so a client that sends two
grants where one was due has signed its user out.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent, Verification
from tests.client.machine_ import Machine
from tests.e2e.acme_ import ROOT, Acme
from tests.e2e.foreign_servers.person_ import visit
from tests.e2e.foreign_servers.provider_ import Provider, providing

SCOPE = "openid email"
CROWD = ROOT / "tests" / "client" / "crowd_.py"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Yield a running provider."""
    with providing() as running:
        yield running


@pytest.fixture
def acme(provider: Provider, tmp_path: Path) -> Acme:
    """Return acme on a computer with a browser."""
    return Acme(provider.issuer, tmp_path, variables={"ACME_CLIENT_ID": "acme-cli"})


def sign_in(acme: Acme, *arguments: str) -> dict[str, Any]:
    """Sign in through the browser and return the closing event."""
    with acme.login("--scope", SCOPE, *arguments) as login:
        visit(login.url)
        return login.ending()


@pytest.mark.proves("K-43", "K-1b")
def test_a_browser_sign_in_comes_back_to_any_port_with_pkce_and_iss_and_names_the_person(
    acme: Acme, provider: Provider
) -> None:
    with acme.login("--scope", SCOPE) as login:
        asked = parse_qs(urlsplit(login.url).query)
        visit(login.url)
        ended = login.ending()
    assert asked["code_challenge_method"] == ["S256"]
    port = urlsplit(asked["redirect_uri"][0]).port
    assert asked["redirect_uri"] == [f"http://127.0.0.1:{port}/callback"]
    assert ended["event"] == "signed_in"
    assert ended["account"]["id"] == "ada"
    assert ended["account"]["email"] == "ada@example.com"
    # It announces `iss` in its callbacks, so without one the answer would have been turned away.
    assert provider.seen()["refused"] == []


@pytest.mark.proves("K-43", "T-5")
def test_an_answer_without_the_iss_that_was_announced_is_not_taken(acme: Acme) -> None:
    with acme.login("--scope", SCOPE) as login:
        query = parse_qs(urlsplit(login.url).query)
        back = f"{query['redirect_uri'][0]}?code=stolen&state={query['state'][0]}"
        told = subprocess.run(
            [sys.executable, "-c", _FETCH, back], capture_output=True, text=True, timeout=30
        )
        assert told.stdout.strip() == "400"
        assert login.ending()["event"] == "failed"


_FETCH = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.mark.proves("K-45")
def test_a_device_code_typed_elsewhere_signs_in(provider: Provider, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")  # its clock runs ahead instead of waiting between polls
    auth = _auth(machine, provider)

    def person(event: LoginEvent) -> None:
        if isinstance(event, Verification) and event.user_code:
            assert "Success" in visit(event.url, {"user_code": event.user_code})

    outcome = auth.login(method="device", on_event=person)
    assert outcome.session.account_id == "ada"
    assert outcome.session.has_refresh_token
    assert auth.userinfo()["email"] == "ada@example.com"


@pytest.mark.proves("K-24", "K-28")
def test_eight_processes_at_one_expiry_make_one_grant_and_strict_rotation_revokes_nothing(
    acme: Acme, provider: Provider
) -> None:
    sign_in(acme)
    before = provider.seen()
    for generation in (1, 2):
        tokens = _crowd(acme, provider, ahead=1000 * generation)
        assert len(tokens) == 8
        assert len(set(tokens)) == 1
    seen = provider.seen()
    assert seen["grants"][len(before["grants"]) :] == ["refresh_token"] * 2
    assert seen["refused"] == before["refused"]
    assert seen["revoked"] == before["revoked"]
    online = acme.run("auth", "status", "--online", "--json")
    assert online.returncode == 0, online.stderr


@pytest.mark.proves("K-61", "K-28")
def test_signing_out_revokes_the_grant_and_a_session_ended_there_is_over_here(
    acme: Acme, provider: Provider
) -> None:
    sign_in(acme)
    token = acme.run("auth", "token").stdout
    copy = Acme(provider.issuer, acme.home / "copy", variables=acme.variables)
    state = Path(".local/state/acme")
    (copy.home / state).mkdir(parents=True, mode=0o700)
    document = copy.home / state / "session.json"
    document.touch(mode=0o600)
    document.write_bytes((acme.home / state / "session.json").read_bytes())
    out = acme.run("auth", "logout", "--json")
    (signed_out,) = json.loads(out.stdout)["signed_out"]
    assert signed_out["revoked"] == "revoked"
    ended = copy.run("auth", "refresh")
    assert ended.returncode == 4, ended.stderr
    assert "has ended" in ended.stderr
    assert token not in ended.stderr
    assert not copy.signed_in


def _auth(machine: Machine, provider: Provider) -> Auth:
    return Auth(
        "acme",
        issuer=provider.issuer,
        client_id="acme-cli",
        scope=SCOPE,
        home=str(machine.home),
        effects=machine.effects,
    )


def _crowd(acme: Acme, provider: Provider, *, ahead: int) -> list[str]:
    state = acme.home / ".local" / "state" / "acme"
    run = subprocess.run(
        [sys.executable, str(CROWD), str(state), provider.issuer, "8", str(ahead)],
        env={**acme.environment, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stderr == ""
    return [json.loads(line)["token"] for line in run.stdout.splitlines()]
