"""The device grant: what is asked, and at what pace."""

from urllib.parse import parse_qsl

import pytest

from keyturn.net.drive import run
from keyturn.protocol import device
from keyturn.protocol.errors import (
    ExchangeFailed,
    LoginDenied,
    LoginExpired,
    ServerUnreachable,
    UnexpectedReply,
)
from keyturn.protocol.wire import Reply
from tests.protocol.flow_ import Script, play, reply

STARTED = {
    "device_code": "secret-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://id.example/device",
    "expires_in": 600,
    "interval": 5,
}
PENDING = reply(400, {"error": "authorization_pending"})
SLOW_DOWN = reply(400, {"error": "slow_down"})
GRANTED = reply(200, {"access_token": "a1", "refresh_token": "r1", "expires_in": 60})


def started(**changes: object) -> device.DeviceCode:
    """Return an attempt that began at 1000."""
    answer = reply(200, {**STARTED, **changes})
    return device.read_start(
        Reply(status=200, body=answer.body, at=1000.0),
    )


def poll(*answers: Reply | ServerUnreachable | tuple[Reply, float], hold: float = 0.0) -> Script:
    """Poll through ``answers``, the last of which ends it well."""
    steps = device.poll(
        "https://id.example/token",
        started(),
        client_id="acme-cli",
        wall_clock=lambda: 0.0,
        hold_seconds=hold,
    )
    tokens, script = play(steps, *answers)
    assert tokens.access_token == "a1"
    return script


def test_the_start_says_who_asks() -> None:
    steps = device.start(
        "https://id.example/device_authorization",
        client_id="acme-cli",
        scope="openid",
        about={"host_name": "box", "system": "Linux", "program": "acme"},
    )
    code, script = play(steps, reply(200, STARTED))
    assert code.user_code == "WDJB-MJHT"
    assert code.started_at == 1000
    assert "secret-device-code" not in repr(code)
    assert dict(parse_qsl((script.requests[0].body or b"").decode())) == {
        "client_id": "acme-cli",
        "scope": "openid",
        "host_name": "box",
        "system": "Linux",
        "program": "acme",
    }


def test_a_start_that_is_refused_names_the_reason() -> None:
    steps = device.start("https://id.example/d", client_id="x", scope=None, about={})
    with pytest.raises(ExchangeFailed, match="unauthorized_client"):
        play(steps, reply(400, {"error": "unauthorized_client"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": ""},
        {"verification_uri": None},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "-oProxyCommand=x"},
        {"verification_uri": "https://id.example/\u202edevice"},
        {"verification_uri": "https://id.example/ --x"},
        {"verification_uri_complete": "file:///etc/passwd"},
        {"expires_in": None},
        {"expires_in": "soon"},
    ],
)
@pytest.mark.proves("K-42")
def test_a_start_that_cannot_be_shown_or_timed_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UnexpectedReply):
        started(**changes)


def test_a_code_from_the_server_is_made_fit_to_print() -> None:
    assert started(user_code="\x1b[31mAB\u202e").user_code == "[31mAB"


def test_the_link_with_the_code_in_it_is_kept_apart() -> None:
    uri = "https://id.example/device?code=WDJB-MJHT"
    assert started(verification_uri_complete=uri).complete_uri == uri
    assert started().complete_uri is None


@pytest.mark.parametrize(
    ("interval", "seconds"), [(5, 5), (None, 5), (0, 5), (0.1, 1), (3600, 60), ("7", 7), ("x", 5)]
)
def test_an_interval_is_neither_a_busy_loop_nor_an_hour(interval: object, seconds: float) -> None:
    assert started(interval=interval).interval == seconds


@pytest.mark.proves("K-45")
def test_the_pace_is_the_servers_interval_plus_20_percent() -> None:
    assert poll(PENDING, PENDING, GRANTED).pauses == [6, 6, 6]


@pytest.mark.proves("K-45")
def test_slow_down_adds_five_seconds_for_good() -> None:
    script = poll(PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, PENDING, GRANTED)
    assert script.pauses == [6, 6, 12, 12, 18, 18]


@pytest.mark.proves("K-45")
def test_network_errors_double_the_pause_and_an_answer_brings_the_old_one_back() -> None:
    down = ServerUnreachable()
    script = poll(PENDING, down, down, down, PENDING, GRANTED)
    assert script.pauses == [6, 6, 10, 20, 40, 6]


@pytest.mark.proves("K-45")
def test_an_overloaded_server_is_left_alone_as_long_as_it_asks() -> None:
    busy = reply(503, retry_after="45")
    assert poll(busy, reply(429), GRANTED).pauses == [6, 45, 20]


@pytest.mark.proves("K-45")
def test_the_deadline_counts_from_the_start_and_nothing_is_started_anew() -> None:
    steps = device.poll(
        "https://id.example/token", started(expires_in=20), client_id="x", wall_clock=lambda: 0.0
    )
    script = Script([PENDING] * 9)
    with pytest.raises(LoginExpired):
        run(steps, script)
    assert script.pauses == [6, 6, 6, 2]
    assert len(script.requests) == 3


@pytest.mark.proves("K-45", "S-40")
def test_a_held_poll_is_asked_for_and_followed_at_once_by_the_next() -> None:
    held = reply(400, {"error": "authorization_pending"}, preference_applied="wait=30")
    script = poll((held, 30.0), (held, 30.0), GRANTED, hold=60)
    assert script.pauses == [0, 0, 0]
    assert [request.headers["Prefer"] for request in script.requests] == ["wait=30"] * 3
    assert {request.hold_seconds for request in script.requests} == {30}


@pytest.mark.proves("S-40")
def test_a_poll_that_is_answered_early_is_followed_after_the_interval() -> None:
    held = reply(400, {"error": "authorization_pending"}, preference_applied="wait=30")
    assert poll((held, 3.0), (PENDING, 26.0), GRANTED, hold=30).pauses == [0, 6, 6]


@pytest.mark.proves("S-40")
def test_an_answer_held_to_its_end_needs_no_pause_whether_or_not_the_server_says_so() -> None:
    assert poll((PENDING, 30.0), GRANTED, hold=30).pauses == [0, 0]


def test_a_hold_never_outlives_the_attempt() -> None:
    held = reply(400, {"error": "authorization_pending"}, preference_applied="wait=30")
    script = poll(*[(held, 30.0)] * 19, (held, 29.5), GRANTED, hold=30)
    assert script.requests[-2].headers["Prefer"] == "wait=30"
    assert "Prefer" not in script.requests[-1].headers


@pytest.mark.parametrize("trouble", [ServerUnreachable(), reply(504), reply(502)])
def test_where_something_on_the_way_cuts_silence_off_the_plain_way_is_used(
    trouble: Reply | ServerUnreachable,
) -> None:
    script = poll(trouble, PENDING, GRANTED, hold=30)
    assert ["Prefer" in request.headers for request in script.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(400, {"error": "access_denied"}), LoginDenied),
        (reply(400, {"error": "expired_token"}), LoginExpired),
        (reply(400, {"error": "invalid_grant"}), ExchangeFailed),
        (reply(400), ExchangeFailed),
        (reply(200, {"no": "token"}), UnexpectedReply),
    ],
)
def test_every_other_answer_ends_the_attempt(answer: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        poll(PENDING, answer)
