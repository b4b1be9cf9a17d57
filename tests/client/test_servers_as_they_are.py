"""Renewal against servers, networks and clocks as they are: nothing odd costs anybody a session."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from keyturn.client.effects import Effects
from keyturn.client.refresh import valid_session
from keyturn.protocol.errors import KeyturnError, RefreshTransient, SessionExpired
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, LittleServer, as_json
from tests.issuers_.issuer_ import Issuer
from tests.issuers_.misbehaviour_ import BAD_DAYS, REFUSALS, jwt

YEAR = 365 * 86400.0


@pytest.mark.proves("K-28", "K-30")
@pytest.mark.parametrize("answer", BAD_DAYS.values(), ids=BAD_DAYS.keys())
def test_a_bad_day_is_temporary_and_leaves_the_session_alone(
    issuer: Issuer, machine: Machine, answer: Answer
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    issuer.before_refresh = lambda: answer
    with pytest.raises(KeyturnError) as caught:
        machine.auth(issuer).token()
    assert caught.value.code in ("REFRESH_TRANSIENT", "SERVER_UNREACHABLE")
    assert caught.value.exit_status == 75
    assert "still signed in" in f"{caught.value} {caught.value.hint}"
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    assert len(issuer.grants()) == 1
    issuer.before_refresh = lambda: None
    assert machine.auth(issuer).token()


@pytest.mark.proves("K-28")
@pytest.mark.parametrize("answer", BAD_DAYS.values(), ids=BAD_DAYS.keys())
def test_while_a_token_is_still_valid_nobody_notices_a_bad_day(
    issuer: Issuer, machine: Machine, answer: Answer
) -> None:
    session, _ = machine.signed_in(issuer)
    machine.ahead += 550
    issuer.before_refresh = lambda: answer
    assert machine.auth(issuer).token() == session.access_token
    assert len(issuer.grants()) == 1
    assert machine.warnings == []


@pytest.mark.proves("K-28")
@pytest.mark.parametrize("status", [400, 401])
def test_invalid_grant_ends_the_session_whatever_its_status(
    issuer: Issuer, machine: Machine, status: int
) -> None:
    machine.signed_in(issuer, due=True)
    issuer.before_refresh = lambda: as_json({"error": "invalid_grant"}, status)
    with pytest.raises(SessionExpired):
        machine.auth(issuer).token()
    assert machine.runtime(issuer).store.snapshot().sessions == {}


@pytest.mark.proves("K-28")
@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS.keys())
def test_any_other_refusal_says_sign_in_again_and_keeps_the_session(
    issuer: Issuer, machine: Machine, answer: Answer
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    issuer.before_refresh = lambda: answer
    with pytest.raises(SessionExpired, match=f"HTTP {answer.status}") as caught:
        machine.auth(issuer).token()
    assert caught.value.exit_status == 4
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    issuer.before_refresh = lambda: None
    assert machine.auth(issuer).token()


@pytest.mark.proves("K-28")
def test_invalid_grant_for_a_token_that_others_replaced_is_followed_by_a_grant_with_theirs(
    issuer: Issuer, machine: Machine
) -> None:
    stale, family = machine.signed_in(issuer, due=True)
    rt = machine.runtime(issuer)

    def renewed_elsewhere() -> Answer:
        # Where files cannot be locked, two may be at it; theirs is stored, and due once more.
        issuer.before_refresh = lambda: None
        rt.store.put(replace(stale, refresh_token=family.current, access_token="a-2"), pin=False)
        return as_json({"error": "invalid_grant"}, 400)

    family.current = "r-theirs"
    issuer.before_refresh = renewed_elsewhere
    assert valid_session(rt, None).refresh_token == family.current
    assert issuer.grants() == [stale.refresh_token, "r-theirs"]


LIFETIMES: dict[str, tuple[object, float | None]] = {
    "missing": (None, None),
    "a number": (300, 300.0),
    "digits in a string": ("300", 300.0),
    "a fraction": (300.5, 300.5),
    "a word": ("soon", None),
    "negative": (-300, None),
    "too big for any clock": (1e300, None),
    "true": (True, None),
    "a list": ([300], None),
}


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(("told", "lifetime"), LIFETIMES.values(), ids=LIFETIMES.keys())
def test_whatever_a_server_says_of_the_lifetime_the_session_is_usable(
    issuer: Issuer, machine: Machine, told: object, lifetime: float | None
) -> None:
    machine.signed_in(issuer, due=True)
    issuer.extra_tokens = {"expires_in": told}
    token = machine.auth(issuer).token()
    found = machine.auth(issuer).session()
    assert found is not None
    if lifetime is None:
        assert found.expires_at is None
    else:
        assert found.expires_at == pytest.approx(machine.now() + lifetime, abs=10)
    assert machine.auth(issuer).token() == token
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-29")
def test_where_the_lifetime_is_not_told_a_jwt_tells_it_by_the_servers_clock(
    issuer: Issuer, machine: Machine
) -> None:
    machine.ahead = YEAR  # This computer's clock must not matter.
    machine.signed_in(issuer, due=True)
    token = jwt(exp=time.time() + 300)  # noqa: TID251 - the server's clock
    issuer.extra_tokens = {"access_token": token, "expires_in": None}
    assert machine.auth(issuer).token() == token
    found = machine.auth(issuer).session()
    assert found is not None
    assert found.expires_at == pytest.approx(machine.now() + 300, abs=10)


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(
    "token",
    [
        "opaque",
        "a.b",
        "..",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.!!!.x",
        jwt(exp="tomorrow"),
        jwt(exp=-1),
        jwt(exp=1e300),
        jwt(exp={}),
        "x." + "y" * 70_000 + ".z",
    ],
    ids=lambda token: token[:30],
)
def test_access_tokens_of_any_make_are_passed_on_as_they_are(
    issuer: Issuer, machine: Machine, token: str
) -> None:
    machine.signed_in(issuer, due=True)
    issuer.extra_tokens = {"access_token": token, "expires_in": None}
    assert machine.auth(issuer).token() == token
    assert machine.auth(issuer).token() == token
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-29")
@pytest.mark.parametrize("told", [None, "", "   ", 7], ids=repr)
def test_an_answer_without_a_refresh_token_keeps_the_old_one(
    issuer: Issuer, machine: Machine, told: object
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    issuer.extra_tokens = {"refresh_token": told}
    machine.auth(issuer).token()
    stored = machine.runtime(issuer).store.snapshot().sessions["ada"]
    assert stored.refresh_token == session.refresh_token


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(
    "id_token",
    [
        jwt(iss="https://somebody.else", aud="acme-cli", sub="ada"),
        jwt(iss="", aud=["other"], sub="bob", exp=0),
        "not.a.jwt",
        "garbage",
    ],
    ids=["another issuer's", "another person's", "no JWT", "no token"],
)
def test_an_id_token_that_is_not_acceptable_does_not_cost_the_rotated_tokens(
    issuer: Issuer, machine: Machine, id_token: str
) -> None:
    _, family = machine.signed_in(issuer, due=True)
    issuer.extra_tokens = {"id_token": id_token}
    token = machine.auth(issuer).token()
    stored = machine.runtime(issuer).store.snapshot().sessions["ada"]
    assert (stored.access_token, stored.refresh_token) == (token, family.current)
    assert stored.account.id == "ada"


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_refresh_token_is_not_carried_along_by_a_redirect(
    issuer: Issuer, machine: Machine, status: int
) -> None:
    session, _ = machine.signed_in(issuer, due=True)
    with LittleServer() as thief:
        location = {"Location": f"{thief.url}/oauth/token"}
        issuer.before_refresh = lambda: Answer(status, b"", location)
        with pytest.raises(RefreshTransient):
            machine.auth(issuer).token()
        assert thief.asked == []
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}


@pytest.mark.proves("K-30", "K-28")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b'{"access_token": "a", "expires_in": 600}', drip_seconds=0.05),
        Answer(200, b" " * 10_000, drip_seconds=0.01),
    ],
    ids=["slow tokens", "endless spaces"],
)
def test_an_answer_that_drips_holds_nobody_longer_than_the_limit(
    issuer: Issuer, tmp_path: Path, answer: Answer
) -> None:
    hurried = _Hurried(tmp_path / "home")
    session, _ = hurried.signed_in(issuer, due=True)
    issuer.before_refresh = lambda: answer
    started = time.monotonic()
    with pytest.raises(KeyturnError, match="did not answer within 10 seconds") as caught:
        hurried.auth(issuer).token()
    assert caught.value.exit_status == 75
    assert time.monotonic() - started < 5
    assert hurried.runtime(issuer).store.snapshot().sessions == {"ada": session}


class _Hurried(Machine):
    """A machine on which ten seconds pass in a quarter of one."""

    @property
    def effects(self) -> Effects:
        return replace(super().effects, monotonic=lambda: 40 * time.monotonic())


@dataclass
class _WithAClockThatIsSet(Machine):
    """A machine whose wall clock alone can be set; what counts seconds goes on."""

    jumped: float = 0.0

    def now(self) -> float:
        return super().now() + self.jumped


@pytest.mark.proves("K-21", "K-20")
@pytest.mark.parametrize("jump", [-YEAR, -3600.0, 3600.0, YEAR], ids=lambda jump: f"{jump:+.0f} s")
def test_a_clock_that_jumps_during_a_grant_costs_no_session(
    issuer: Issuer, tmp_path: Path, jump: float
) -> None:
    machine = _WithAClockThatIsSet(tmp_path / "home")
    _, family = machine.signed_in(issuer, due=True)

    def set_clock() -> None:
        machine.jumped += jump

    issuer.after_refresh = set_clock
    token = machine.auth(issuer).token()
    assert token == f"a-{family.id}-1"
    issuer.after_refresh = lambda: None
    assert machine.auth(issuer).token() == token
    assert machine.auth(issuer).token_instead_of(token) == f"a-{family.id}-2"
    assert not family.ended


@pytest.mark.proves("K-20", "K-21")
def test_after_the_clock_was_set_back_a_401_still_leads_to_another_token(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer)
    machine.ahead -= YEAR  # By this clock the token is good for a year; the server knows better.
    auth = machine.auth(issuer)
    assert auth.token() == session.access_token
    assert auth.token_instead_of(session.access_token) != session.access_token
    found = auth.session()
    assert found is not None
    assert found.expires_at == pytest.approx(machine.now() + 600, abs=10)


@pytest.mark.proves("K-21")
def test_a_computer_that_slept_past_the_end_renews_on_waking(
    issuer: Issuer, machine: Machine
) -> None:
    _, family = machine.signed_in(issuer)
    auth = machine.auth(issuer)
    assert auth.token() == f"a-{family.id}-0"
    machine.ahead += 20 * 86400
    assert auth.token() == f"a-{family.id}-1"
    assert len(issuer.grants()) == 1
