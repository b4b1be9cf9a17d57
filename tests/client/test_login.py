"""Signing in to an OAuth server: each way, and what is stored, revoked and refused."""

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent, MethodChosen, Options, Verification, Waiting
from keyturn.client.login.choose import choose
from keyturn.net.browser import Place
from keyturn.protocol.discovery import read_metadata
from keyturn.protocol.errors import (
    AccountAmbiguous,
    ExchangeFailed,
    LoginDenied,
    LoginExpired,
    ServerUnreachable,
    StoreReadFailed,
    StoreUnavailable,
    UnexpectedReply,
)
from keyturn.protocol.tokens import Account
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, Asked, as_json
from tests.issuers_.issuer_ import CLIENT_ID, Issuer
from tests.protocol.flow_ import reply
from tests.protocol.test_discovery import DOCUMENT, ISSUER
from tests.protocol.test_jwt import jwt

DEVICE = "/oauth/device_authorization"
PENDING = as_json({"error": "authorization_pending"}, 400)


def get(url: str) -> tuple[int, str]:
    """Fetch ``url`` and return its status and where it sends the browser."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Location") or ""


def approve(url: str) -> None:
    """Be the person in the browser: follow the link, and the redirect back to the program."""
    _, location = get(url)
    get(location)


class Events(list[LoginEvent]):
    """Collects events and lets a person act on the link, in a thread of their own."""

    def __init__(self, act: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._act = act

    def __call__(self, event: LoginEvent) -> None:
        self.append(event)
        if isinstance(event, Verification) and event.browser_opened is None and self._act:
            threading.Thread(target=self._act, args=(event.url,), daemon=True).start()

    def links(self) -> list[Verification]:
        return [event for event in self if isinstance(event, Verification)]


@pytest.mark.proves("K-40", "K-41", "K-43")
def test_through_the_browser_here(issuer: Issuer, machine: Machine) -> None:
    events = Events(approve)
    outcome = machine.auth(issuer).login(method="loopback", on_event=events)
    assert outcome.session.email == "ada@example.com"
    assert outcome.session.is_default
    assert outcome.previous_account is None
    assert isinstance(events[0], MethodChosen)
    before, after = events.links()
    assert (before.browser_opened, after.browser_opened) == (None, True)
    assert machine.opened == [before.url]
    query = parse_qs(urlsplit(before.url).query)
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert query["program"] == ["acme"]
    assert machine.auth(issuer).token().startswith("a-")
    stored = machine.runtime(issuer).store.snapshot().sessions["ada"]
    assert stored.endpoints is not None
    assert stored.endpoints.sessions_page == f"{issuer.url}/sessions"


@pytest.mark.proves("K-41")
@pytest.mark.parametrize("opener", [lambda url: False, lambda url: 1 / 0])
def test_an_opener_that_fails_or_throws_does_not_end_the_sign_in(
    issuer: Issuer, machine: Machine, opener: Callable[[str], bool]
) -> None:
    machine.open_url = opener  # type: ignore[assignment]
    events = Events(approve)
    machine.auth(issuer).login(method="loopback", on_event=events)
    assert [link.browser_opened for link in events.links()] == [None, False]


@pytest.mark.proves("K-40")
def test_without_a_browser_and_without_a_device_grant_the_link_is_shown_and_waited_for(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.extra_metadata = {"device_authorization_endpoint": None}
    events = Events(approve)
    machine.auth(issuer).login(open_browser=False, on_event=events)
    (link,) = events.links()
    assert (link.method, link.browser_opened) == ("loopback", None)
    assert machine.opened == []


@pytest.mark.proves("K-44", "T-4")
def test_injected_answers_do_not_disturb_the_real_one(issuer: Issuer, machine: Machine) -> None:
    statuses = []

    def attacked(url: str) -> None:
        target = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        for query in (
            {"code": "evil", "state": "wrong", "iss": issuer.url},
            {"code": "evil", "iss": issuer.url},
            {"error": "access_denied"},
            {"error": "access_denied", "state": "wrong"},
        ):
            statuses.append(get(f"{target}?{urlencode(query)}")[0])
        approve(url)

    outcome = machine.auth(issuer).login(method="loopback", on_event=Events(attacked))
    assert outcome.session.email == "ada@example.com"
    assert statuses == [400] * 4


@pytest.mark.proves("K-43", "T-5")
def test_an_answer_from_another_issuer_ends_the_sign_in_and_stores_nothing(
    issuer: Issuer, machine: Machine
) -> None:
    def mixed_up(url: str) -> None:
        query = parse_qs(urlsplit(url).query)
        answer = {"code": "c", "state": query["state"][0], "iss": "https://evil.example"}
        get(f"{query['redirect_uri'][0]}?{urlencode(answer)}")

    with pytest.raises(ExchangeFailed, match="another sign-in server"):
        machine.auth(issuer).login(method="loopback", on_event=Events(mixed_up))
    assert "/oauth/token" not in issuer.paths()
    assert not machine.home.exists()


def test_declining_in_the_browser_ends_the_sign_in(issuer: Issuer, machine: Machine) -> None:
    def decline(url: str) -> None:
        query = parse_qs(urlsplit(url).query)
        answer = {"error": "access_denied", "state": query["state"][0], "iss": issuer.url}
        get(f"{query['redirect_uri'][0]}?{urlencode(answer)}")

    with pytest.raises(LoginDenied):
        machine.auth(issuer).login(method="loopback", on_event=Events(decline))
    assert not machine.home.exists()


@pytest.mark.proves("K-43")
def test_a_server_with_plain_challenges_only_is_refused_before_anything_is_shown(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.extra_metadata = {"code_challenge_methods_supported": ["plain"]}
    events = Events()
    with pytest.raises(ExchangeFailed, match="S256"):
        machine.auth(issuer).login(method="loopback", on_event=events)
    assert events.links() == []


@pytest.mark.proves("K-40", "K-45")
def test_with_a_device_code(issuer: Issuer, machine: Machine) -> None:
    issuer.device_answers = [PENDING, as_json({"error": "slow_down"}, 400), PENDING]
    events = Events()
    outcome = machine.auth(issuer).login(method="device", scope="openid", on_event=events)
    assert outcome.session.email == "ada@example.com"
    (link,) = events.links()
    assert (link.url, link.user_code) == (f"{issuer.url}/device", "WDJB-MJHT")
    assert machine.opened == []
    assert sum(machine.slept) == pytest.approx(6 + 6 + 12 + 12, abs=0.1)
    left = [event.seconds_left for event in events if isinstance(event, Waiting)]
    assert left == sorted(left, reverse=True)
    assert len(left) == len(set(left)) > 30
    started = next(asked for asked in issuer.asked if asked.path == "/oauth/device_authorization")
    assert started.form["scope"] == "openid"
    assert started.form["program"] == "acme"
    assert set(started.form) == {"client_id", "scope", "host_name", "system", "program"}
    assert issuer.connections == 1


@pytest.mark.proves("K-45")
def test_a_server_that_is_away_between_two_polls_does_not_end_the_sign_in(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.device_answers = [PENDING, Answer(503), Answer(502), PENDING]
    assert machine.auth(issuer).login(method="device").session.email == "ada@example.com"


@pytest.mark.proves("K-45")
@pytest.mark.parametrize(("jump", "way"), [(31_536_000, "forward"), (-31_536_000, "back")])
def test_a_clock_that_jumps_while_the_code_is_typed_neither_ends_nor_prolongs_the_attempt(
    issuer: Issuer, machine: Machine, jump: float, way: str
) -> None:
    jumped = [0.0]

    def half_way(event: LoginEvent) -> None:
        if isinstance(event, Waiting):
            jumped[0] = jump

    issuer.device_answers = [PENDING, PENDING]
    effects = replace(machine.effects, now=lambda: machine.now() + jumped[0])
    home = str(machine.home)
    auth = Auth("acme", issuer=issuer.url, client_id=CLIENT_ID, home=home, effects=effects)
    session = auth.login(method="device", on_event=half_way).session
    assert sum(machine.slept) == pytest.approx(18, abs=0.1)
    assert session.expires_at == pytest.approx(machine.now() + jump + 600, abs=5)
    assert any(f"minutes {way}" in line for line in machine.traced)
    assert auth.token()


@pytest.mark.proves("K-45")
def test_a_link_with_the_code_in_it_is_neither_shown_nor_opened(
    issuer: Issuer, machine: Machine
) -> None:
    complete, usual = f"{issuer.url}/device?user_code=WDJB-MJHT", issuer.routes[DEVICE]

    def with_link(asked: Asked) -> Answer:
        return as_json(json.loads(usual(asked).body) | {"verification_uri_complete": complete})

    issuer.routes[DEVICE] = with_link
    events = Events()
    machine.auth(issuer).login(method="device", on_event=events)
    assert [link.url for link in events.links()] == [f"{issuer.url}/device"]
    assert machine.opened == []


@pytest.mark.proves("K-47")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (as_json({"error": "access_denied"}, 400), LoginDenied),
        (as_json({"error": "expired_token"}, 400), LoginExpired),
        (as_json({"error": "invalid_client"}, 401), ExchangeFailed),
        (Answer(200, b"<html>"), UnexpectedReply),
    ],
)
def test_a_sign_in_that_fails_leaves_the_earlier_session_alone(
    issuer: Issuer, machine: Machine, answer: Answer, error: type[Exception]
) -> None:
    session, _ = machine.signed_in(issuer)
    issuer.device_answers = [PENDING, answer]
    with pytest.raises(error):
        machine.auth(issuer).login(method="device", force=True)
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    assert issuer.revoked() == []


@pytest.mark.proves("K-47", "K-64")
def test_ctrl_c_while_waiting_leaves_everything_as_it_was(issuer: Issuer, machine: Machine) -> None:
    session, _ = machine.signed_in(issuer)

    def interrupt(event: LoginEvent) -> None:
        if isinstance(event, Waiting):
            raise KeyboardInterrupt

    for method in ("device", "loopback"):
        issuer.device_answers = [PENDING] * 3
        with pytest.raises(KeyboardInterrupt):
            machine.auth(issuer).login(method=method, force=True, on_event=interrupt)
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    assert sorted(path.name for path in machine.home.iterdir()) == ["session.json", "store.lock"]


@pytest.mark.proves("K-47")
def test_signing_in_again_stores_the_new_session_and_then_revokes_the_old(
    issuer: Issuer, machine: Machine
) -> None:
    old, family = machine.signed_in(issuer)
    rt = machine.runtime(issuer)
    stored_at_revocation: list[object] = []

    def revoke(asked: object) -> Answer:
        stored_at_revocation.append(rt.store.snapshot().sessions["ada"].access_token)
        return Answer(200)

    issuer.routes["/oauth/revoke"] = revoke
    outcome = machine.auth(issuer).login(method="device", force=True)
    assert issuer.revoked() == [old.refresh_token]
    assert stored_at_revocation == [rt.store.snapshot().sessions["ada"].access_token]
    assert stored_at_revocation != [old.access_token]
    assert outcome.previous_account is None
    assert family.id == old.session_id


@pytest.mark.proves("K-47")
@pytest.mark.parametrize("same", ["refresh_token", "session"])
def test_what_the_new_session_shares_with_the_old_is_never_revoked(
    issuer: Issuer, machine: Machine, same: str
) -> None:
    old, _ = machine.signed_in(issuer)
    answer = {"access_token": "a2", "refresh_token": "r2", "session": "s2", "expires_in": 60}
    answer[same] = {"refresh_token": old.refresh_token, "session": old.session_id}[same]
    issuer.hand_out("a2")
    issuer.device_answers = [as_json(answer)]
    machine.auth(issuer).login(method="device", force=True)
    assert issuer.revoked() == []


@pytest.mark.proves("K-8")
def test_a_sign_in_without_a_refresh_token_never_serves_an_older_one(
    issuer: Issuer, machine: Machine
) -> None:
    old, _ = machine.signed_in(issuer)
    issuer.hand_out("a2")
    issuer.device_answers = [as_json({"access_token": "a2", "expires_in": 60})]
    outcome = machine.auth(issuer).login(method="device", force=True)
    assert not outcome.session.has_refresh_token
    assert old.refresh_token is not None
    assert old.refresh_token not in (machine.home / "session.json").read_text()


@pytest.mark.proves("K-60")
def test_a_live_session_is_reported_and_nothing_is_started(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    outcome = machine.auth(issuer).login()
    assert outcome.already_signed_in
    assert outcome.session.email == "ada@example.com"
    assert issuer.asked == []


@pytest.mark.parametrize(
    "dead",
    [
        {"refresh_token": None, "due": True},
        {"due": True, "session_ends_at": 5.0},
    ],
)
def test_a_session_that_has_ended_does_not_stand_in_the_way(
    issuer: Issuer, machine: Machine, dead: dict[str, object]
) -> None:
    machine.signed_in(issuer, **dead)  # type: ignore[arg-type]
    assert not machine.auth(issuer).login(method="device").already_signed_in


@pytest.mark.proves("K-47", "T-4")
def test_where_nobody_looks_another_account_is_refused_and_its_session_ended(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer, due=True, session_ends_at=5.0)
    issuer.subject = "bob"
    with pytest.raises(ExchangeFailed, match=r"bob@example\.com .* ada@example\.com") as caught:
        machine.auth(issuer).login(method="device")
    assert "--force" in (caught.value.hint or "")
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    assert len(issuer.revoked()) == 1
    assert issuer.revoked() != [session.refresh_token]
    issuer.subject = "ada"
    assert machine.auth(issuer).login(method="device").session.account_id == "ada"


@pytest.mark.proves("K-47", "T-4")
def test_another_account_is_added_becomes_the_default_and_the_change_is_told(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    issuer.subject = "bob"
    auth = machine.auth(issuer)
    outcome = auth.login(method="device", force=True)
    assert outcome.previous_account == "ada@example.com"
    assert [info.email for info in auth.sessions()] == ["bob@example.com", "ada@example.com"]
    assert issuer.revoked() == []


@pytest.mark.proves("K-1b")
def test_an_id_token_names_the_account_and_userinfo_adds_what_is_missing(
    issuer: Issuer, machine: Machine
) -> None:
    claims = {"iss": issuer.url, "aud": "acme-cli", "sub": "ada"}
    whole = {**claims, "email": "ada@id-token.example"}
    for given, email, asks in (
        (whole, "ada@id-token.example", False),
        (claims, "ada@example.com", True),
    ):
        issuer.asked.clear()
        issuer.hand_out("a2")
        answer = {"access_token": "a2", "expires_in": 60, "id_token": jwt(given)}
        issuer.device_answers = [as_json(answer)]
        outcome = machine.auth(issuer).login(method="device", force=True)
        assert (outcome.session.account_id, outcome.session.email) == (given["sub"], email)
        assert ("/oauth/userinfo" in issuer.paths()) is asks


@pytest.mark.proves("K-1b")
def test_introspection_names_the_account_where_userinfo_does_not(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.extra_metadata = {"introspection_endpoint": f"{issuer.url}/oauth/introspect"}
    issuer.routes["/oauth/userinfo"] = lambda asked: Answer(403)
    issuer.routes["/oauth/introspect"] = lambda asked: as_json({"active": True, "sub": "u-9"})
    assert machine.auth(issuer).login(method="device").session.account_id == "u-9"


@pytest.mark.proves("K-1b")
def test_with_nobody_named_the_account_is_default_and_a_second_one_is_refused(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.extra_metadata = {"userinfo_endpoint": None}
    auth = machine.auth(issuer)
    assert auth.login(method="device").session.account_id == "default"
    assert auth.login(method="device", force=True).session.account_id == "default"
    auth.logout()
    machine.signed_in(issuer)
    with pytest.raises(AccountAmbiguous) as caught:
        auth.login(method="device", force=True)
    assert "openid" in (caught.value.hint or "")
    assert len(issuer.revoked()) == 3  # The one that was replaced, the one left, the refused one.
    assert list(machine.runtime(issuer).store.snapshot().sessions) == ["ada"]


@pytest.mark.proves("K-47")
@pytest.mark.parametrize("userinfo", [Answer(503), Answer(401)])
def test_a_new_session_whose_owner_cannot_be_found_out_is_ended_and_not_stored(
    issuer: Issuer, machine: Machine, userinfo: Answer
) -> None:
    issuer.routes["/oauth/userinfo"] = lambda asked: userinfo
    with pytest.raises((ServerUnreachable, ExchangeFailed)):
        machine.auth(issuer).login(method="device")
    (family,) = issuer.families.values()
    assert family.ended
    assert not machine.home.exists()


@pytest.mark.proves("K-47")
def test_a_store_that_cannot_keep_a_session_is_found_out_before_anybody_is_asked(
    issuer: Issuer, machine: Machine
) -> None:
    machine.home.mkdir(mode=0o770)
    machine.home.chmod(0o770)
    events = Events()
    with pytest.raises(StoreUnavailable):
        machine.auth(issuer).login(method="device", on_event=events)
    assert events == []
    assert issuer.asked == []


@pytest.mark.proves("K-4")
def test_a_corrupt_file_does_not_keep_anybody_from_signing_in(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    (machine.home / "session.json").write_text("damage")
    outcome = machine.auth(issuer).login(method="device")
    assert outcome.session.email == "ada@example.com"
    assert "is damaged" in machine.warnings[0]
    assert "corrupt-" in machine.warnings[0]


def test_a_file_that_must_not_be_used_keeps_the_sign_in_from_starting(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer)
    (machine.home / "session.json").chmod(0o644)
    with pytest.raises(StoreReadFailed):
        machine.auth(issuer).login(method="device", force=True)
    assert issuer.asked == []


@pytest.mark.proves("K-2")
def test_the_policy_is_kept_with_the_account_and_a_keyring_that_is_not_there_is_refused(
    issuer: Issuer, machine: Machine
) -> None:
    auth = machine.auth(issuer)
    outcome = auth.login(method="device")
    assert "No keyring was found" in (outcome.session.storage_warning or "")
    explicit = auth.login(method="device", storage="file", force=True)
    assert explicit.session.storage_warning is None
    session = machine.runtime(issuer).store.snapshot().sessions["ada"]
    assert session.storage == "file"
    machine.ahead += 3600
    auth.token()
    assert machine.runtime(issuer).store.snapshot().sessions["ada"].storage == "file"
    strict = machine.auth(issuer, storage="keyring")
    attempts: list[Callable[[], object]] = [
        lambda: auth.login(method="device", storage="keyring", force=True),
        lambda: strict.login(force=True),
        lambda: strict.login_with_token("a1"),
    ]
    for attempt in attempts:
        with pytest.raises(StoreUnavailable, match="No keyring was found") as caught:
            attempt()
        assert "--storage file" in (caught.value.hint or "")
    with pytest.raises(StoreUnavailable, match="'cloud'"):
        auth.login(storage="cloud", force=True)


@pytest.mark.parametrize(
    "issuer_url", ["http://id.example", "ftp://id.example", "https://", "https://id.example?x=1"]
)
def test_an_issuer_that_tokens_must_not_be_sent_to_is_refused(
    issuer: Issuer, machine: Machine, issuer_url: str
) -> None:
    with pytest.raises(ExchangeFailed, match=r"TLS|no address"):
        machine.auth(issuer, issuer=issuer_url).login()


# -- Choosing a method, K-40 ----------------------------------------------------------------------

HERE = Place(has_browser=True, reason="a browser can be opened here")
REMOTE = Place(has_browser=False, reason="this is a remote shell")


@pytest.mark.proves("K-40")
@pytest.mark.parametrize(
    ("options", "place", "offers", "method"),
    [
        ({}, HERE, "both", "loopback"),
        ({}, REMOTE, "both", "device"),
        ({}, REMOTE, "loopback", "loopback"),
        ({}, HERE, "device", "device"),
        ({"open_browser": False}, HERE, "both", "device"),
        ({"open_browser": False}, HERE, "loopback", "loopback"),
        ({"method": "device"}, HERE, "both", "device"),
        ({"method": "loopback"}, REMOTE, "both", "loopback"),
        ({"method": "device"}, HERE, "loopback", None),
        ({"method": "loopback"}, HERE, "device", None),
        ({"method": "cli_poll"}, HERE, "both", None),
        ({}, HERE, "none", None),
    ],
)
def test_how_a_method_is_chosen(
    options: dict[str, object], place: Place, offers: str, method: str | None
) -> None:
    missing = {
        "both": (),
        "loopback": ("device_authorization_endpoint",),
        "device": ("authorization_endpoint",),
        "none": ("authorization_endpoint", "device_authorization_endpoint"),
    }[offers]
    document = {name: value for name, value in DOCUMENT.items() if name not in missing}
    metadata = read_metadata(reply(200, document), issuer=ISSUER)
    chosen_by = Options(**options)  # type: ignore[arg-type]
    if method is None:
        with pytest.raises(ExchangeFailed):
            choose(chosen_by, metadata, place)
        return
    chosen = choose(chosen_by, metadata, place)
    assert chosen.method == method
    assert chosen.reason


# -- A token that the person brings along ---------------------------------------------------------


def test_a_token_is_stored_for_the_account_that_it_belongs_to(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.hand_out("a-brought")
    auth = machine.auth(issuer)
    outcome = auth.login_with_token("  a-brought\n")
    assert outcome.session.email == "ada@example.com"
    assert (outcome.session.expires_at, outcome.session.has_refresh_token) == (None, False)
    assert auth.token() == "a-brought"
    # It may be in use elsewhere too, so it is not ours to revoke.
    assert auth.logout().revoked == "nothing"
    assert issuer.revoked() == []


@pytest.mark.parametrize("text", ["", "  ", "two words", "é"])
@pytest.mark.proves("K-7")
def test_what_is_no_token_is_not_taken(issuer: Issuer, machine: Machine, text: str) -> None:
    with pytest.raises(ExchangeFailed, match="not a token"):
        machine.auth(issuer).login_with_token(text)
    assert issuer.asked == []


def test_a_token_that_the_server_does_not_know_is_refused(issuer: Issuer, machine: Machine) -> None:
    with pytest.raises(ExchangeFailed, match="does not accept"):
        machine.auth(issuer).login_with_token("unknown")
    assert not machine.home.exists()


def test_the_end_of_a_brought_jwt_is_its_own(issuer: Issuer, machine: Machine) -> None:
    ends = int(machine.now()) + 100
    token = jwt({"exp": ends})
    issuer.hand_out(token)
    outcome = machine.auth(issuer).login_with_token(token)
    assert outcome.session.expires_at == pytest.approx(ends, abs=2)


def test_accounts_are_named_for_people(issuer: Issuer, machine: Machine) -> None:
    machine.signed_in(issuer, account=Account(id="ada", label="Ada"))
    info = machine.auth(issuer).session()
    assert info is not None
    assert info.display_name == "Ada"
