"""The refresh grant: only invalid_grant ends a session; a bad day never does."""

from urllib.parse import parse_qsl

import pytest

from keyturn.protocol.refresh import (
    Ended,
    Refused,
    Renewed,
    Temporary,
    acknowledgement,
    oauth_grant,
    read_refresh,
    stack_grant,
)
from keyturn.protocol.revoke import oauth_revocation, stack_revocation, was_revoked
from keyturn.protocol.stack import StackClient
from keyturn.protocol.wire import Reply, Request
from tests.protocol.flow_ import reply

STACK = StackClient(base_url="https://api.example", project_id="p1", publishable_client_key="pck")


def fields(request: Request) -> dict[str, str]:
    """Return the form that a request carries."""
    return dict(parse_qsl((request.body or b"").decode()))


def test_the_oauth_grant_is_a_public_clients() -> None:
    request = oauth_grant("https://id.example/token", client_id="acme-cli", refresh_token="r1")
    assert fields(request) == {
        "grant_type": "refresh_token",
        "refresh_token": "r1",
        "client_id": "acme-cli",
    }


def test_the_stack_grant_names_the_project_as_client_and_carries_no_project_header() -> None:
    request = stack_grant(STACK, refresh_token="r1")
    assert request.url == "https://api.example/api/v1/auth/oauth/token"
    assert fields(request)["client_id"] == "p1"
    assert fields(request)["client_secret"] == "pck"
    assert not [name for name in request.headers if name.lower().startswith("x-stack")]


def test_a_project_without_a_key_uses_the_public_client() -> None:
    bare = StackClient(base_url="https://api.example", project_id="p", publishable_client_key=None)
    secret = fields(stack_grant(bare, refresh_token="r1"))["client_secret"]
    assert secret == "__stack_public_client__"


def test_new_tokens_renew_the_session() -> None:
    outcome = read_refresh(reply(200, {"access_token": "a2", "expires_in": 60}), now=0)
    assert isinstance(outcome, Renewed)
    assert outcome.tokens.access_token == "a2"


@pytest.mark.proves("K-29")
def test_an_id_token_in_the_answer_is_nothing_that_could_reject_it() -> None:
    answer = reply(200, {"access_token": "a2", "refresh_token": "r2", "id_token": "broken"})
    assert isinstance(read_refresh(answer, now=0), Renewed)


@pytest.mark.proves("K-28")
@pytest.mark.parametrize(
    "answer",
    [
        reply(400, {"error": "invalid_grant"}),
        reply(401, {"error": "invalid_grant"}),
        reply(401, {"code": "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"}),
        Reply(
            status=401,
            headers={"x-stack-known-error": "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"},
            body=b'{"code":"REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED","error":"text"}',
        ),
    ],
)
def test_only_these_answers_end_a_session(answer: Reply) -> None:
    assert read_refresh(answer, now=0) == Ended()


@pytest.mark.proves("K-42")
def test_the_reason_of_an_end_is_the_servers_own_fit_to_print() -> None:
    answer = reply(400, {"error": "invalid_grant", "error_description": "signed \x1b[2Jout"})
    assert read_refresh(answer, now=0) == Ended(reason="signed [2Jout")
    silent = reply(400, {"error": "invalid_grant", "error_description": "\x1b"})
    assert read_refresh(silent, now=0) == Ended()


@pytest.mark.proves("K-28")
@pytest.mark.parametrize(
    "answer",
    [
        reply(400, {"error": "invalid_client"}),
        reply(401, {"error": "invalid_client"}),
        reply(400, {"code": "INVALID_OAUTH_CLIENT_ID_OR_SECRET"}),
        reply(403, {"error": "invalid_grant"}),
        reply(400, {"error": "unauthorized_client"}),
    ],
)
def test_another_refusal_keeps_the_session(answer: Reply) -> None:
    outcome = read_refresh(answer, now=0)
    assert isinstance(outcome, Refused)
    assert outcome.why.startswith(f"HTTP {answer.status}, ")


@pytest.mark.proves("K-28")
@pytest.mark.parametrize(
    "answer",
    [
        reply(429, {"error": "invalid_grant"}),
        reply(500),
        reply(502, {"error": "invalid_grant"}),
        reply(503),
        reply(511),
        reply(400, {"error": "temporarily_unavailable"}),
        reply(401, {"error": "server_error"}),
        reply(400),
        Reply(status=403, body=b"<html>blocked by your organisation</html>"),
        Reply(status=404, body=b"Not found"),
        Reply(status=200, body=b"<html>welcome to the hotel</html>"),
        Reply(status=200, body=b'{"access_token": "tru'),
        Reply(status=200, body=b'{"token": "a2"}'),
        Reply(status=200, body=b""),
        Reply(status=204),
        Reply(status=302, headers={"location": "https://portal.example"}),
        Reply(status=400, body=b'{"error": 7}'),
        Reply(status=400, body=b'{"error": ""}'),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:20]!r}",
)
def test_everything_else_is_a_bad_day(answer: Reply) -> None:
    assert isinstance(read_refresh(answer, now=0), Temporary)


def test_how_long_to_stay_away_is_handed_on() -> None:
    outcome = read_refresh(reply(503, retry_after="3"), now=0)
    assert outcome == Temporary(why="HTTP 503", retry_after_seconds=3)


@pytest.mark.proves("K-23")
def test_an_acknowledgement_names_the_new_token_and_takes_200_ms_at_most() -> None:
    request = acknowledgement("https://id.example/ack", "a2")
    assert request.headers == {"Authorization": "Bearer a2"}
    assert request.limit_seconds == 0.2
    assert "a2" not in repr(request)


@pytest.mark.proves("K-61")
def test_a_revocation_names_the_refresh_token_and_ends_within_five_seconds() -> None:
    request = oauth_revocation(
        "https://id.example/revoke", client_id="c", refresh_token="r1", access_token="a1"
    )
    assert fields(request) == {"token": "r1", "token_type_hint": "refresh_token", "client_id": "c"}
    assert request.limit_seconds == 5


def test_without_a_refresh_token_the_access_token_is_revoked() -> None:
    request = oauth_revocation(
        "https://id.example/revoke", client_id="c", refresh_token=None, access_token="a1"
    )
    assert fields(request)["token"] == "a1"
    assert fields(request)["token_type_hint"] == "access_token"


def test_a_stack_session_is_ended_by_its_access_token() -> None:
    request = stack_revocation(STACK, access_token="a1")
    assert (request.method, request.body) == ("DELETE", b"{}")
    assert request.url == "https://api.example/api/v1/auth/sessions/current"
    assert request.headers["X-Stack-Access-Token"] == "a1"


def test_only_success_counts_as_revoked() -> None:
    assert was_revoked(reply(200))
    assert was_revoked(reply(204))
    assert not was_revoked(reply(302))
    assert not was_revoked(reply(503))
