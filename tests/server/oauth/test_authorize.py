"""Authorization requests: what they must carry, and how their mistakes are answered."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from keyturn.server.oauth.authorize import RedirectableError
from keyturn.server.pages.headers import page_headers
from keyturn.server.projects.rules import Client
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import (
    BROWSER_ORIGIN,
    CLIENT,
    REDIRECT,
    answer,
    approve,
    read,
    request_params,
)


def native(server: InProcess) -> Client:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    return found


def test_a_good_request_is_read_in_full(server: InProcess) -> None:
    request = read(
        server,
        scope="email openid admin",
        prompt="login",
        host_name="host\x07 " + "h" * 100,
        system="Linux",
        program="app 1.0",
        nonce="n",
    )
    assert request.client.id == CLIENT
    assert request.scope == "openid email"
    assert request.prompts == {"login"}
    assert not request.silent
    assert request.host_name == ("host " + "h" * 100)[:64]
    assert (request.redirect_origin, request.loopback_port) == ("http://127.0.0.1:49152", 49152)


def test_a_request_written_as_a_query_reads_as_itself(server: InProcess) -> None:
    request = read(server, scope="email", prompt="login consent", system="A & B", nonce="n")
    again = server.run(server.services.authorization.read_request(parse_qsl(request.as_query())))
    assert again == request


def test_a_web_address_has_no_loopback_port(server: InProcess) -> None:
    own = replace(native(server), redirect_uris=("https://app.example.com/cb",), id="web")
    server.run(server.services.projects.save_client(own))
    request = read(server, client_id="web", redirect_uri="https://app.example.com/cb")
    assert request.loopback_port is None
    assert request.redirect_origin == "https://app.example.com"


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:80"),
        ("http://localhost/callback", "http://localhost:80"),
        ("https://App.Example.com:8443/cb", "https://app.example.com:8443"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_the_page_of_every_kind_of_redirect_names_one_origin_in_its_policy(
    server: InProcess, redirect_uri: str, origin: str
) -> None:
    own = replace(native(server), redirect_uris=(redirect_uri,), id="own")
    server.run(server.services.projects.save_client(own))
    request = read(server, client_id="own", redirect_uri=redirect_uri)
    assert request.redirect_origin == origin
    policy = page_headers(form_origins=[origin])["Content-Security-Policy"]
    assert f"form-action 'self' {origin};" in policy


MISTAKES: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "form_post"}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"scope": "admin"}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"request": "eyJ"}, "request_not_supported"),
    ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"nonce": "n" * 5000}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "code"), MISTAKES)
def test_a_mistake_is_told_to_the_client_with_state_and_issuer(
    server: InProcess, changes: dict[str, str | None], code: str
) -> None:
    with pytest.raises(RedirectableError) as caught:
        read(server, **changes)
    assert caught.value.url.startswith(REDIRECT + "?")
    told = answer(caught.value.url)
    assert (told["error"], told["state"], told["iss"]) == (code, "a state", BASE_URL)
    assert told["error_description"]


def test_a_parameter_given_twice_is_a_mistake(server: InProcess) -> None:
    for name in ("scope", "state", "response_type"):
        params = [*request_params(scope="email"), (name, "x")]
        with pytest.raises(RedirectableError) as caught:
            server.run(server.services.authorization.read_request(params))
        assert answer(caught.value.url)["error"] == "invalid_request"


def test_a_state_that_is_too_long_is_not_given_back(server: InProcess) -> None:
    with pytest.raises(RedirectableError) as caught:
        read(server, state="s" * 3000)
    told = answer(caught.value.url)
    assert told["error"] == "invalid_request"
    assert "state" not in told


def test_a_client_without_the_grant_is_refused(server: InProcess) -> None:
    own = replace(native(server), id="device-only", grants=("refresh_token",))
    server.run(server.services.projects.save_client(own))
    with pytest.raises(RedirectableError) as caught:
        read(server, client_id="device-only")
    assert caught.value.code == "unauthorized_client"


@pytest.mark.proves("S-51")
@pytest.mark.parametrize(
    ("signed_in", "code"), [(False, "login_required"), (True, "consent_required")]
)
def test_nothing_is_approved_silently(server: InProcess, *, signed_in: bool, code: str) -> None:
    request = read(server, prompt="none")
    assert request.silent
    user = server.person()
    url = server.run(
        server.services.authorization.answer_silently(
            request,
            browser_session=server.browser(user)[0] if signed_in else None,
            user=user if signed_in else None,
            origin=BROWSER_ORIGIN,
        )
    )
    assert answer(url)["error"] == code
    assert answer(url)["state"] == "a state"


def test_a_denial_says_so(server: InProcess) -> None:
    told = answer(server.services.authorization.denied_url(read(server)))
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "a state", BASE_URL)


@pytest.mark.proves("S-7")
def test_a_code_is_long_and_stored_only_as_a_hash(server: InProcess) -> None:
    code = approve(server, server.person())
    assert len(code.removeprefix("ktc_")) >= 27  # 160 bits in base64url
    for file in server.settings.data.glob("keyturn.sqlite3*"):
        assert code.removeprefix("ktc_").encode() not in file.read_bytes()


def test_a_code_names_state_and_issuer_beside_itself(server: InProcess) -> None:
    user = server.person()
    url = server.run(
        server.services.authorization.issue_code(
            read(server, state="ü&=?"),
            browser_session=server.browser(user)[0],
            user=user,
            origin=BROWSER_ORIGIN,
        )
    )
    assert set(answer(url)) == {"code", "state", "iss"}
    assert answer(url)["state"] == "ü&=?"
