"""Renewal: when it happens, what a bad day does, and whose session counts in the end."""

import resource
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.client.lock import FileLock
from keyturn.client.refresh import renew, valid_session
from keyturn.protocol.errors import (
    KeyturnError,
    RefreshTransient,
    RefreshUnavailable,
    ServerUnreachable,
    SessionExpired,
    SignInRequired,
)
from keyturn.protocol.tokens import Endpoints
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, as_json
from tests.issuers_.issuer_ import Issuer


@pytest.mark.proves("K-20")
def test_a_session_that_is_not_due_causes_no_request_no_lock_and_no_write(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer)
    before = {path.name: path.stat().st_mtime_ns for path in machine.home.iterdir()}
    assert valid_session(machine.runtime(issuer), None) == session
    assert {path.name: path.stat().st_mtime_ns for path in machine.home.iterdir()} == before
    assert issuer.asked == []


@pytest.mark.proves("K-20")
def test_an_unknown_end_is_never_renewed_ahead_of_time_but_after_a_401(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, expires_at=None)
    auth = machine.auth(issuer)
    machine.ahead += 10**7
    assert auth.token() == session.access_token
    assert issuer.asked == []
    other = auth.token_instead_of(session.access_token)
    assert other != session.access_token
    assert auth.token_instead_of(session.access_token) == other
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-21", "K-23")
def test_a_due_session_is_renewed_stored_and_acknowledged(issuer: Issuer, machine: Machine) -> None:
    endpoints = Endpoints(token=f"{issuer.url}/oauth/token", ack=f"{issuer.url}/oauth/ack")
    old, family = machine.signed_in(issuer, due=True, endpoints=endpoints)
    rt = machine.runtime(issuer)
    renewed = valid_session(rt, None)
    assert renewed.access_token == f"a-{family.id}-1"
    assert renewed.generation == 1
    assert renewed.revision > old.revision
    assert rt.store.snapshot().sessions["ada"] == renewed
    assert issuer.paths() == ["/oauth/token", "/oauth/ack"]
    assert issuer.connections == 1
    assert issuer.asked[1].headers["authorization"] == f"Bearer {renewed.access_token}"


@pytest.mark.proves("K-21")
def test_a_session_due_within_a_minute_is_renewed_and_one_due_later_is_not(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    machine.ahead += 539
    auth.token()
    assert issuer.grants() == []
    machine.ahead += 2
    auth.token()
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-23")
def test_the_loser_of_a_race_returns_the_winners_session_without_calling_the_server(
    issuer: Issuer, machine: Machine
) -> None:
    seen, _ = machine.signed_in(issuer, due=True)
    winner = renew(machine.runtime(issuer), seen, force=False)
    assert renew(machine.runtime(issuer), seen, force=False) == winner
    assert renew(machine.runtime(issuer), seen, force=True) == winner
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-23")
def test_what_changed_but_is_due_again_is_renewed_with_its_own_refresh_token(
    issuer: Issuer, machine: Machine
) -> None:
    seen, _ = machine.signed_in(issuer, due=True)
    winner = renew(machine.runtime(issuer), seen, force=False)
    machine.ahead += 3600
    renew(machine.runtime(issuer), seen, force=False)
    assert issuer.grants() == [seen.refresh_token, winner.refresh_token]


@pytest.mark.proves("K-60")
def test_a_forced_refresh_renews_what_is_not_due(issuer: Issuer, machine: Machine) -> None:
    machine.signed_in(issuer)
    info = machine.auth(issuer).refresh()
    assert len(issuer.grants()) == 1
    assert info.expires_at is not None
    assert info.expires_at > machine.now() + 590


def test_without_a_refresh_token_a_session_serves_to_its_end_and_not_beyond(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, refresh_token=None)
    auth = machine.auth(issuer)
    machine.ahead += 590
    assert auth.token() == session.access_token
    with pytest.raises(RefreshUnavailable):
        auth.refresh()
    machine.ahead += 20
    with pytest.raises(SessionExpired, match="cannot be renewed"):
        auth.token()


@pytest.mark.proves("K-28")
def test_on_a_bad_day_a_still_valid_token_is_served(issuer: Issuer, machine: Machine) -> None:
    session, _ = machine.signed_in(issuer)
    machine.ahead += 550
    issuer.before_refresh = lambda: Answer(503)
    assert machine.auth(issuer).token() == session.access_token
    assert len(issuer.grants()) == 1
    with pytest.raises(RefreshTransient):
        machine.auth(issuer).refresh()


@pytest.mark.proves("K-28", "K-63")
def test_a_server_that_is_gone_is_network_trouble_and_the_person_is_told_they_stay_signed_in(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    issuer.stop()
    with pytest.raises(ServerUnreachable, match="You are still signed in") as caught:
        machine.auth(issuer).token()
    assert caught.value.kind == "connection"
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}


@pytest.mark.proves("K-28")
def test_invalid_grant_ends_the_session_and_forgets_it(issuer: Issuer, machine: Machine) -> None:
    _, family = machine.signed_in(issuer, due=True)
    family.ended = True
    with pytest.raises(SessionExpired, match="has ended") as caught:
        machine.auth(issuer).token()
    assert caught.value.exit_status == 4
    assert machine.runtime(issuer).store.snapshot().sessions == {}
    with pytest.raises(SignInRequired):
        machine.auth(issuer).token()


@pytest.mark.proves("K-28")
def test_invalid_grant_spares_what_somebody_else_renewed_meanwhile(
    issuer: Issuer, machine: Machine
) -> None:
    stale, _ = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    other = rt.store.snapshot()

    def renewed_elsewhere() -> Answer:
        # On a file system without locks somebody else may be quicker in the middle of our grant.
        fresh = replace(other.sessions["ada"], access_token="a-fresh", refresh_token="r-fresh")
        rt.store.put(replace(fresh, expires_at=machine.now() + 600), pin=False)
        return as_json({"error": "invalid_grant"}, 400)

    issuer.before_refresh = renewed_elsewhere
    assert valid_session(rt, None).access_token == "a-fresh"
    assert rt.store.snapshot().sessions["ada"].refresh_token == "r-fresh"
    assert stale.access_token != "a-fresh"


@pytest.mark.proves("K-26")
def test_signed_out_while_waiting_sends_and_writes_nothing(
    issuer: Issuer, machine: Machine
) -> None:
    seen, _ = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    rt.store.remove("ada")
    with pytest.raises(SignInRequired):
        renew(rt, seen, force=False)
    assert issuer.asked == []
    assert rt.store.snapshot().sessions == {}


@pytest.mark.proves("K-26")
def test_signed_out_while_the_grant_is_under_way_stays_out_and_the_fresh_token_is_revoked(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)

    def logged_out() -> None:
        rt.store.remove("ada")

    issuer.after_refresh = logged_out
    with pytest.raises(SignInRequired):
        valid_session(rt, None)
    assert rt.store.snapshot().sessions == {}
    assert issuer.revoked() == [family.current]
    assert family.ended


@pytest.mark.proves("K-26")
def test_signed_in_anew_while_the_grant_is_under_way_the_new_session_counts(
    issuer: Issuer, machine: Machine
) -> None:
    _, old_family = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    started = []

    def login() -> None:
        issuer.lock.release()  # The sign-in asks the same server, which is answering us.
        started.append(machine.signed_in(issuer))
        issuer.lock.acquire()

    issuer.after_refresh = login
    served = valid_session(rt, None)
    ((session, family),) = started
    assert served == session
    assert issuer.revoked() == [old_family.current]
    assert old_family.ended
    assert not family.ended


@pytest.mark.proves("K-26", "K-11")
def test_a_switch_while_the_grant_is_under_way_is_kept(issuer: Issuer, machine: Machine) -> None:
    issuer.subject = "bob"
    machine.signed_in(issuer)
    issuer.subject = "ada"
    machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)

    def switched() -> None:
        rt.store.pin("bob")

    issuer.after_refresh = switched
    renewed = valid_session(rt, "ada")
    assert rt.store.snapshot().default == "bob"
    assert rt.store.snapshot().sessions["ada"] == renewed


@pytest.mark.proves("K-27")
def test_what_cannot_be_stored_serves_this_run_with_a_warning_and_no_acknowledgement(
    issuer: Issuer, machine: Machine
) -> None:
    endpoints = Endpoints(token=f"{issuer.url}/oauth/token", ack=f"{issuer.url}/oauth/ack")
    old, family = machine.signed_in(issuer, due=True, endpoints=endpoints)
    rt = machine.runtime(issuer)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))

    issuer.after_refresh = full_disk
    try:
        served = valid_session(rt, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert served.access_token == f"a-{family.id}-1"
    assert rt.store.snapshot().sessions == {"ada": old}
    assert "/oauth/ack" not in issuer.paths()
    (warning,) = machine.warnings
    assert "this run only" in warning
    assert served.access_token not in warning


@pytest.mark.proves("K-23")
def test_an_acknowledgement_that_hangs_costs_200_ms_and_one_that_fails_nothing(
    issuer: Issuer, machine: Machine
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/ack"
        endpoints = Endpoints(token=f"{issuer.url}/oauth/token", ack=url)
        machine.signed_in(issuer, due=True, endpoints=endpoints)
        started = time.monotonic()
        assert machine.auth(issuer).token()
        assert 0.15 < time.monotonic() - started < 2
    machine.ahead += 3600
    assert machine.auth(issuer).token()


@pytest.mark.proves("K-25")
def test_a_lock_that_is_never_free_ends_in_a_temporary_error_with_the_store_untouched(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    with FileLock(_lock_path(rt, "ada"), effects=machine.effects):
        hurried = Machine(machine.home)
        hurried.sleep = lambda seconds: setattr(hurried, "ahead", hurried.ahead + 5)  # type: ignore[method-assign]
        with pytest.raises(RefreshTransient, match="Another process"):
            hurried.auth(issuer).token()
    assert issuer.asked == []
    assert rt.store.snapshot().sessions == {"ada": session}


@pytest.mark.proves("K-25")
def test_whoever_times_out_adopts_the_winners_session_where_it_is_there(
    issuer: Issuer, machine: Machine
) -> None:
    seen, _ = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    fresh = replace(seen, access_token="a-fresh", expires_at=machine.now() + 600)
    with FileLock(_lock_path(rt, "ada"), effects=machine.effects):
        stored = rt.store.replace(seen, fresh)
        hurried = Machine(machine.home)
        hurried.sleep = lambda seconds: setattr(hurried, "ahead", hurried.ahead + 5)  # type: ignore[method-assign]
        assert renew(hurried.runtime(issuer), seen, force=False) == stored


@pytest.mark.proves("K-22")
def test_one_accounts_refresh_does_not_block_another(issuer: Issuer, machine: Machine) -> None:
    issuer.subject = "bob"
    machine.signed_in(issuer, due=True)
    issuer.subject = "ada"
    machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)
    with FileLock(_lock_path(rt, "ada"), effects=machine.effects):
        assert valid_session(rt, "bob").account.id == "bob"


@pytest.mark.proves("K-21")
def test_a_clock_that_is_far_off_is_reported_and_does_no_other_harm(
    issuer: Issuer, machine: Machine
) -> None:
    machine.ahead = 365 * 86400.0
    machine.signed_in(issuer, due=True)
    token = machine.auth(issuer).token()
    assert machine.auth(issuer).token() == token
    assert len(issuer.grants()) == 1
    assert any("ahead of the server" in line for line in machine.traced)


@pytest.mark.proves("K-66", "T-9")
def test_what_is_traced_names_host_and_status_and_no_secret(
    issuer: Issuer, machine: Machine
) -> None:
    old, family = machine.signed_in(issuer, due=True)
    token = machine.auth(issuer).token()
    traced = "\n".join(machine.traced)
    host = issuer.url.removeprefix("http://")
    assert "renewing the session" in traced
    assert f"POST {host}: HTTP 200 after " in traced
    assert "stored the renewed session" in traced
    for secret in (token, old.access_token, family.current, *family.spent):
        assert secret not in traced


@pytest.mark.proves("K-12", "T-9")
def test_names_of_files_tell_nothing_about_account_or_token(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    machine.auth(issuer).token()
    names = " ".join(path.name for path in machine.home.iterdir())
    assert "ada" not in names
    assert family.current not in names


def test_a_store_that_cannot_be_read_is_not_taken_for_signed_out(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    (machine.home / "session.json").chmod(0o644)
    with pytest.raises(KeyturnError, match="can be read by other users"):
        machine.auth(issuer).token()


def _lock_path(rt: object, account_id: str) -> str:
    lock = rt.refresh_lock(account_id)  # type: ignore[attr-defined]
    path = Path(lock._path)
    path.parent.mkdir(exist_ok=True)
    return str(path)
