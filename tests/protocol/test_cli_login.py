"""The Stack-compatible CLI sign-in: requests to the letter, and every state of a poll."""

import json

import pytest

from keyturn.protocol import cli_login
from keyturn.protocol.cli_login import CliLogin, confirm_url
from keyturn.protocol.errors import (
    ExchangeFailed,
    LoginExpired,
    ServerUnreachable,
    UnexpectedReply,
)
from keyturn.protocol.stack import StackClient, current_user, sign_up_anonymously
from keyturn.protocol.wire import Reply
from tests.protocol.flow_ import play, reply

CLIENT = StackClient(
    base_url="https://api.example",
    project_id="p1",
    publishable_client_key="pck_1",
    user_agent="acme keyturn/1 (Linux; box)",
)
STARTED = {"polling_code": "secret-poll", "login_code": "4MZK9TQXREST", "expires_at": "later"}
WAITING = reply(200, {"status": "waiting"})
SUCCESS = reply(201, {"status": "success", "refresh_token": "r1"})
ATTEMPT = CliLogin(polling_code="secret-poll", login_code="4MZK9TQXREST", started_at=1000.0)


def test_the_start_carries_the_projects_headers_and_a_life_of_ten_minutes() -> None:
    attempt, script = play(
        cli_login.start(CLIENT, anonymous_refresh_token=None), reply(200, STARTED)
    )
    (sent,) = script.requests
    assert sent.url == "https://api.example/api/v1/auth/cli"
    assert json.loads(sent.body or b"") == {"expires_in_millis": 600_000}
    assert sent.headers["X-Stack-Access-Type"] == "client"
    assert sent.headers["X-Stack-Project-Id"] == "p1"
    assert sent.headers["X-Stack-Publishable-Client-Key"] == "pck_1"
    assert sent.headers["User-Agent"] == "acme keyturn/1 (Linux; box)"
    assert attempt.compare_code == "4MZK-9TQX"
    assert "secret-poll" not in repr(attempt)
    assert "4MZK" not in repr(attempt)


@pytest.mark.proves("K-48")
def test_the_start_offers_a_session_without_a_person_along() -> None:
    _, script = play(cli_login.start(CLIENT, anonymous_refresh_token="anon"), reply(200, STARTED))
    assert json.loads(script.requests[0].body or b"")["anon_refresh_token"] == "anon"


def test_a_start_that_is_refused_names_the_known_error_or_the_status() -> None:
    known = reply(400, {"code": "CURRENT_PROJECT_NOT_FOUND", "error": "long text"})
    known = Reply(
        status=400,
        headers={"x-stack-known-error": "CURRENT_PROJECT_NOT_FOUND"},
        body=known.body,
    )
    with pytest.raises(ExchangeFailed, match="CURRENT_PROJECT_NOT_FOUND"):
        play(cli_login.start(CLIENT, anonymous_refresh_token=None), known)
    text = Reply(status=400, body=b"Invalid anon refresh token")
    with pytest.raises(ExchangeFailed, match="HTTP 400"):
        play(cli_login.start(CLIENT, anonymous_refresh_token="anon"), text)


def test_the_confirm_page_gets_the_login_code_and_nothing_else() -> None:
    url = confirm_url("https://app.example", "a b&c")
    assert url == "https://app.example/handler/cli-auth-confirm?login_code=a%20b%26c"


@pytest.mark.proves("S-40")
def test_polling_asks_to_be_held_and_keeps_its_pace_where_that_is_not_known() -> None:
    steps = cli_login.poll(CLIENT, ATTEMPT, hold_seconds=30)
    refresh_token, script = play(steps, WAITING, WAITING, SUCCESS)
    assert refresh_token == "r1"
    assert script.pauses == pytest.approx([0, 2.4, 2.4])
    assert script.requests[0].headers["Prefer"] == "wait=30"
    assert json.loads(script.requests[0].body or b"") == {"polling_code": "secret-poll"}


def test_a_network_error_between_two_polls_does_not_end_the_sign_in() -> None:
    steps = cli_login.poll(CLIENT, ATTEMPT, hold_seconds=0)
    refresh_token, _ = play(steps, WAITING, ServerUnreachable(), SUCCESS)
    assert refresh_token == "r1"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(200, {"status": "expired"}), LoginExpired),
        (reply(200, {"status": "used"}), LoginExpired),
        (reply(400, {"code": "INVALID_POLLING_CODE"}), LoginExpired),
        (reply(200, {"status": "dancing"}), UnexpectedReply),
        (reply(200, {}), UnexpectedReply),
        (reply(201, {"status": "success"}), UnexpectedReply),
        (reply(401, {"code": "INVALID_PUBLISHABLE_CLIENT_KEY"}), ExchangeFailed),
    ],
)
def test_every_other_state_ends_the_sign_in(answer: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        play(cli_login.poll(CLIENT, ATTEMPT, hold_seconds=0), WAITING, answer)


@pytest.mark.proves("K-48")
def test_a_session_without_a_person_is_started_without_a_body() -> None:
    answer = reply(200, {"access_token": "a1", "refresh_token": "r1", "user_id": "u1"})
    (account, tokens), script = play(sign_up_anonymously(CLIENT, now=0), answer)
    assert (account.id, account.label, tokens.refresh_token) == ("u1", "anonymous", "r1")
    (sent,) = script.requests
    assert (sent.method, sent.body) == ("POST", None)
    assert "Content-Type" not in sent.headers


def test_a_refused_anonymous_sign_up_says_so() -> None:
    with pytest.raises(ExchangeFailed, match="HTTP 401"):
        play(sign_up_anonymously(CLIENT, now=0), reply(401))


def test_a_project_without_a_publishable_key_sends_none() -> None:
    bare = StackClient(base_url="https://api.example", project_id="p1", publishable_client_key=None)
    sent = current_user(bare, "a1")
    assert sent.url == "https://api.example/api/v1/users/me"
    assert sent.headers["X-Stack-Access-Token"] == "a1"
    assert "X-Stack-Publishable-Client-Key" not in sent.headers
    assert "User-Agent" not in sent.headers
