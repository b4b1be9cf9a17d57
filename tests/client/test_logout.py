"""Signing out: revoked while still stored, forgotten in any case, in bounded time."""

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from keyturn.protocol.errors import (
    AccountAmbiguous,
    SessionExpired,
    SignInRequired,
    TokenFromEnv,
)
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer
from tests.issuers_.issuer_ import Issuer

if TYPE_CHECKING:
    from keyturn.protocol.tokens import Session


@pytest.mark.proves("K-61")
def test_a_session_is_revoked_while_it_is_still_stored_and_then_forgotten(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer)
    rt = machine.runtime(issuer)
    stored: list[bool] = []

    def revoke(asked: object) -> Answer:
        stored.append("ada" in rt.store.snapshot().sessions)
        return Answer(200)

    issuer.routes["/oauth/revoke"] = revoke
    outcome = machine.auth(issuer).logout()
    assert (outcome.account, outcome.revoked) == ("ada@example.com", "revoked")
    assert outcome.issuer_host == issuer.url.removeprefix("http://")
    assert not outcome.may_end_browser_session
    assert stored == [True]
    assert issuer.revoked() == [session.refresh_token]
    assert not machine.auth(issuer).has_session()


@pytest.mark.proves("K-61")
def test_with_the_server_gone_it_is_forgotten_here_and_told_how_long_it_may_live_there(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer, session_ends_at=machine.now() + 1000)
    issuer.stop()
    outcome = machine.auth(issuer).logout()
    assert outcome.revoked == "failed"
    assert outcome.session_may_live_until == pytest.approx(machine.now() + 1000, abs=5)
    assert not machine.auth(issuer).has_session()


@pytest.mark.proves("K-61")
def test_a_hanging_server_cannot_hold_it_longer_than_five_seconds(
    issuer: Issuer, machine: Machine
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        session, _ = machine.signed_in(issuer)
        assert session.endpoints is not None
        port = silent.getsockname()[1]
        document = json.loads((machine.home / "session.json").read_text())
        (client,) = document["clients"].values()
        client["accounts"]["ada"]["endpoints"]["revocation"] = f"http://127.0.0.1:{port}/"
        (machine.home / "session.json").write_text(json.dumps(document))
        started = time.monotonic()
        assert machine.auth(issuer).logout().revoked == "failed"
        assert 4 < time.monotonic() - started < 6
    assert not machine.auth(issuer).has_session()


@pytest.mark.proves("K-61")
def test_where_nothing_can_be_revoked_it_says_so(issuer: Issuer, machine: Machine) -> None:
    machine.signed_in(issuer, endpoints=None)
    assert machine.auth(issuer).logout().revoked == "nothing"
    assert not machine.auth(issuer).has_session()


def test_one_of_several_accounts_is_signed_out(issuer: Issuer, machine: Machine) -> None:
    issuer.subject = "bob"
    machine.signed_in(issuer)
    issuer.subject = "ada"
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    assert auth.logout(account="bob").account == "bob@example.com"
    assert [info.account_id for info in auth.sessions()] == ["ada"]
    auth.logout()
    with pytest.raises(SignInRequired):
        auth.logout()


@pytest.mark.proves("K-11")
def test_after_the_default_signed_out_nobody_else_is_used_silently(
    issuer: Issuer, machine: Machine
) -> None:
    for subject in ("eve", "bob", "ada"):
        issuer.subject = subject
        machine.signed_in(issuer)
    auth = machine.auth(issuer)
    auth.logout()
    with pytest.raises(AccountAmbiguous):
        auth.token()


@pytest.mark.proves("K-26")
def test_whoever_signed_in_anew_meanwhile_is_signed_out_as_well_and_revoked(
    issuer: Issuer, machine: Machine
) -> None:
    old, _ = machine.signed_in(issuer)
    started: list[Session] = []

    def revoke(asked: object) -> Answer:
        if not started:
            started.append(machine.signed_in(issuer)[0])
        return Answer(200)

    issuer.routes["/oauth/revoke"] = revoke
    machine.auth(issuer).logout()
    assert issuer.revoked() == [old.refresh_token, started[0].refresh_token]
    assert not machine.auth(issuer).has_session()


@pytest.mark.proves("K-10")
def test_a_record_that_makes_no_session_can_still_be_cleared(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    document = json.loads((machine.home / "session.json").read_text())
    (client,) = document["clients"].values()
    client["accounts"]["ada"]["access_token"] = 7
    (machine.home / "session.json").write_text(json.dumps(document))
    auth = machine.auth(issuer)
    assert auth.has_session()
    outcome = auth.logout()
    assert (outcome.account, outcome.revoked) == ("ada", "nothing")
    assert not auth.has_session()


@pytest.mark.proves("K-60")
def test_a_token_from_the_environment_wins_and_is_nothing_that_could_be_renewed(
    issuer: Issuer, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.signed_in(issuer)
    monkeypatch.setenv("ACME_TOKEN", "from-outside")
    auth = machine.auth(issuer)
    assert auth.env_token_set()
    assert auth.token() == "from-outside"
    with pytest.raises(TokenFromEnv, match="ACME_TOKEN"):
        auth.token_instead_of("from-outside")
    with pytest.raises(SessionExpired, match="no longer accepts"):
        auth.userinfo()
    monkeypatch.setenv("ACME_TOKEN", "  ")
    assert not auth.env_token_set()
    assert auth.userinfo()["email"] == "ada@example.com"


@pytest.mark.proves("K-66", "T-9")
def test_debug_tells_on_stderr_what_happens_and_no_secret(
    issuer: Issuer,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    session, _ = machine.signed_in(issuer)
    monkeypatch.setenv("ACME_DEBUG", "1")
    machine.auth(issuer).logout()
    told = capsys.readouterr().err
    assert "acme: POST 127.0.0.1:" in told
    assert "acme: removed the session; revocation: revoked" in told
    assert session.access_token not in told
    assert (session.refresh_token or "") not in told
    lines: list[str] = []
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    auth.trace(lines.append)
    auth.logout()
    assert any("revocation: revoked" in line for line in lines)
