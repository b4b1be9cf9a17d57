"""Requests and replies: what is refused, and what never shows up in a repr."""

import pytest

from keyturn.protocol.errors import UnexpectedReply
from keyturn.protocol.wire import (
    MAX_BODY_BYTES,
    MAX_JSON_DEPTH,
    Reply,
    Request,
    form_request,
    host_of,
    is_loopback,
    json_request,
    limited,
)


def nested(depth: int) -> bytes:
    """Return an object in which ``depth`` containers lie in one another."""
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.proves("K-30")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in to the hotel</html>",
        b"[1]",
        b'"text"',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\xff"}',
        b'{"a"',
        b'{"a":' + b"9" * 5000 + b"}",
        b"\xff\xfe{\x00}\x00",
        nested(MAX_JSON_DEPTH + 1),
        b'{"a":' * 200_000,
        b'{"a":[' * 100_000 + b"]}" * 100_000,
        b'{"a":"' + b"x" * MAX_BODY_BYTES + b'"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_an_answer_that_is_no_modest_json_object_is_refused(body: bytes) -> None:
    answer = Reply(status=200, body=body)
    assert answer.json_object_or_none() is None
    with pytest.raises(UnexpectedReply):
        answer.json_object()


def test_an_answer_as_deep_as_allowed_is_read() -> None:
    assert Reply(status=200, body=nested(MAX_JSON_DEPTH)).json_object()
    assert Reply(status=200, body=b'{"a":[1,[2]]}').json_object() == {"a": [1, [2]]}


@pytest.mark.parametrize("body", [b'{"t":""}', b'{"t":7}', b'{"t":["secret-value"]}', b"{}"])
def test_a_missing_text_is_reported_without_quoting_the_body(body: bytes) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        Reply(status=200, body=body).text("t")
    assert "secret-value" not in str(caught.value)
    assert str(caught.value) == "HTTP 200: there is no text 't'"


def test_a_text_that_is_there_is_returned() -> None:
    assert Reply(status=200, body=b'{"t":"x"}').text("t") == "x"


@pytest.mark.proves("T-9")
def test_no_secret_shows_in_the_repr_of_a_request_or_a_reply() -> None:
    headers = {"Authorization": "Bearer canary"}
    sent = form_request("https://id.example/token", {"code": "canary"}, headers=headers)
    got = Reply(status=200, headers={"set-cookie": "canary"}, body=b"canary")
    assert "canary" not in repr(sent) + repr(got)


def test_a_form_leaves_out_what_is_not_given_and_escapes_the_rest() -> None:
    sent = form_request("https://id.example/token", {"a": "1&2 é", "b": None, "c": ""})
    assert sent.body == b"a=1%262+%C3%A9&c="
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_json_request_without_a_payload_has_neither_body_nor_content_type() -> None:
    bare = json_request("POST", "https://id.example/x")
    assert bare.body is None
    assert "Content-Type" not in bare.headers
    full = json_request("POST", "https://id.example/x", payload={"a": 1}, headers={"X-A": "b"})
    assert full.body == b'{"a": 1}'
    assert full.headers["Content-Type"] == "application/json"
    assert full.headers["X-A"] == "b"


def test_a_limit_changes_nothing_else() -> None:
    request = Request(method="GET", url="https://id.example/x")
    assert limited(request, 5).limit_seconds == 5
    assert limited(request, 5).url == request.url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://id.example/path", "id.example"),
        ("http://127.0.0.1:8102", "127.0.0.1:8102"),
        ("https://user:password@id.example/", "id.example"),
    ],
)
def test_a_host_in_a_message_carries_its_port_and_nothing_else(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.1", "127.8.9.1"])
def test_this_computer_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "127.evil.example", "127.0.0.1.example", "128.0.0.1", "::2"])
def test_no_other_computer_passes_for_this_one(host: str) -> None:
    assert not is_loopback(host)
