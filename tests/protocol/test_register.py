"""Registration and client authentication as pure values."""

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from keyturn.protocol import device, register
from keyturn.protocol.client_auth import BASIC, NONE, POST, Client, authenticated, authenticating
from keyturn.protocol.discovery import Metadata, read_metadata
from keyturn.protocol.errors import (
    KeyturnError,
    RegistrationFailed,
    ServerUnreachable,
    UnexpectedReply,
)
from keyturn.protocol.waiting import MARGIN
from keyturn.protocol.wire import Request, form_request
from tests.protocol.flow_ import play, reply
from tests.protocol.test_discovery import DOCUMENT, ISSUER

URI = "http://127.0.0.1/callback"
SECRET = "a:b c%+/~ü"


def metadata(**changes: object) -> Metadata:
    whole = {**DOCUMENT, "registration_endpoint": f"{ISSUER}/register", **changes}
    document = {name: value for name, value in whole.items() if value is not None}
    return read_metadata(reply(200, document), issuer=ISSUER)


def asked(**changes: object) -> dict[str, Any]:
    """Return what a registration asks for."""
    steps = register.register(metadata(**changes), name="acme", redirect_uri=URI, scope=None)
    _, script = play(steps, reply(201, {"client_id": "c1"}))
    wish: dict[str, Any] = json.loads(script.requests[0].body or b"")
    return wish


@pytest.mark.proves("K-46")
def test_a_native_app_without_a_port_and_a_secret_is_asked_for() -> None:
    wish = asked()
    assert wish == {
        "client_name": "acme",
        "application_type": "native",
        "redirect_uris": [URI],
        "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token", device.GRANT_TYPE],
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.proves("K-46")
@pytest.mark.parametrize(
    ("offered", "method"),
    [
        (None, NONE),
        ([NONE, BASIC], NONE),
        ([POST, BASIC], BASIC),
        (["private_key_jwt", POST], POST),
    ],
)
def test_of_the_methods_that_a_server_offers_the_plainest_is_asked_for(
    offered: list[str] | None, method: str
) -> None:
    wish = asked(token_endpoint_auth_methods_supported=offered)
    assert wish["token_endpoint_auth_method"] == method


def test_only_grants_that_the_server_offers_are_asked_for() -> None:
    wish = asked(grant_types_supported=["authorization_code"])
    assert wish["grant_types"] == ["authorization_code"]
    alone = asked(authorization_endpoint=None, device_authorization_endpoint=None)
    assert (alone["grant_types"], alone["response_types"]) == (["refresh_token"], [])


def read(document: Any, status: int = 201, *, scope: str | None = None) -> register.Registration:
    return register.read_registration(reply(status, document), redirect_uri=URI, scope=scope)


@pytest.mark.proves("K-46")
@pytest.mark.parametrize(
    ("answer", "method", "secret"),
    [
        ({}, NONE, None),
        ({"client_secret": "s"}, BASIC, "s"),
        ({"client_secret": "s", "token_endpoint_auth_method": POST}, POST, "s"),
        ({"client_secret": "s", "token_endpoint_auth_method": NONE}, NONE, "s"),
    ],
    ids=str,
)
def test_what_the_server_answers_wins(
    answer: dict[str, str], method: str, secret: str | None
) -> None:
    made = read({"client_id": "c1", **answer}, scope="notes")
    assert made.client == Client(id="c1", secret=secret, method=method)
    assert (made.redirect_uri, made.scope) == (URI, "notes")
    assert "'s'" not in repr(made)


@pytest.mark.parametrize(("ends", "read_as"), [(0, None), (7, 7.0), ("x", None), (None, None)])
def test_a_secret_ends_when_the_server_says_and_never_at_zero(
    ends: object, read_as: float | None
) -> None:
    made = read({"client_id": "c1", "client_secret": "s", "client_secret_expires_at": ends})
    assert made.secret_expires_at == read_as
    assert read({"client_id": "c1", "client_secret_expires_at": 7}).secret_expires_at is None


@pytest.mark.proves("K-46")
@pytest.mark.parametrize(
    ("status", "document", "error"),
    [
        (400, {"error": "invalid_redirect_uri"}, register.RedirectRefused),
        (400, {"error": "invalid_client_metadata"}, RegistrationFailed),
        (403, None, RegistrationFailed),
        (503, None, ServerUnreachable),
        (201, {"client_id": " "}, UnexpectedReply),
        (201, {"client_id": "c", "client_secret": ""}, UnexpectedReply),
        (201, {"client_id": "c", "redirect_uris": ["x"]}, register.RedirectRefused),
        (201, {"client_id": "c", "token_endpoint_auth_method": BASIC}, RegistrationFailed),
        (201, {"client_id": "c", "token_endpoint_auth_method": "tls"}, RegistrationFailed),
        (201, [], UnexpectedReply),
    ],
    ids=str,
)
def test_what_is_no_registration_is_told_apart(
    status: int, document: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(document, status)


def test_a_server_that_registers_nobody_or_only_with_keys_is_asked_nothing() -> None:
    for changes in (
        {"registration_endpoint": None},
        {"token_endpoint_auth_methods_supported": ["tls_client_auth"]},
    ):
        steps = register.register(metadata(**changes), name="a", redirect_uri=URI, scope="s")
        with pytest.raises(RegistrationFailed):
            play(steps)


@pytest.mark.proves("K-46")
@pytest.mark.parametrize(
    ("status", "code", "known"),
    [(401, "invalid_client", False), (400, "invalid_client", False), (400, "invalid_grant", True)],
)
def test_whether_a_client_is_known_is_asked_with_a_token_that_nobody_issued(
    status: int, code: str, known: bool
) -> None:
    client = Client(id="c1", secret="s", method=POST)
    steps = register.is_known(metadata(), client, invented="i")
    found, script = play(steps, reply(status, {"error": code}))
    assert found is known
    assert parse_qs((script.requests[0].body or b"").decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["i"],
        "client_id": ["c1"],
        "client_secret": ["s"],
    }


@pytest.mark.proves("K-46")
def test_basic_credentials_are_percent_encoded_each_on_its_own() -> None:
    form = form_request(f"{ISSUER}/token", {"client_id": "x"})
    sent = authenticated(form, Client(id="a: b", secret=SECRET, method=BASIC))
    pair = base64.b64decode(sent.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "a%3A%20b:a%3Ab%20c%25%2B%2F~%C3%BC"
    assert [unquote(half) for half in pair.split(":")] == ["a: b", SECRET]
    assert sent.body == form.body


@pytest.mark.proves("K-46")
def test_a_secret_in_the_form_is_encoded_and_one_without_a_method_is_not_sent() -> None:
    form = form_request(f"{ISSUER}/token", {"client_id": "x"})
    sent = authenticated(form, Client(id="x", secret=SECRET, method=POST))
    assert parse_qs((sent.body or b"").decode())["client_secret"] == [SECRET]
    for client in (Client(id="x"), Client(id="x", secret="s")):
        assert authenticated(form, client) == form
    bare = Request(method="GET", url=ISSUER)
    assert authenticated(bare, Client(id="x", secret="s", method=BASIC)) == bare


@pytest.mark.parametrize(("secret", "method"), [(None, BASIC), ("s", "private_key_jwt")])
def test_a_client_that_could_not_prove_itself_is_none(secret: str | None, method: str) -> None:
    with pytest.raises(ValueError, match="prove"):
        Client(id="x", secret=secret, method=method)


def test_every_form_of_a_flow_is_proven_and_its_failures_reach_it() -> None:
    code = device.read_start(
        reply(
            200,
            {
                "device_code": "d",
                "user_code": "u",
                "verification_uri": f"{ISSUER}/d",
                "expires_in": 600,
                "interval": 5,
            },
        )
    )
    code = replace(code, started_at=1000.0)
    steps = device.poll(f"{ISSUER}/t", code, client_id="x", wall_clock=lambda: 0)
    client = Client(id="x", secret="s", method=BASIC)
    down: KeyturnError = ServerUnreachable("down")
    tokens, script = play(
        authenticating(steps, client), down, reply(200, {"access_token": "a", "expires_in": 1})
    )
    assert tokens.access_token == "a"
    assert script.pauses == [5 * MARGIN, 10]
    assert all("Authorization" in request.headers for request in script.requests)
