"""What a stranger may register: redirect URIs, names and members, good and hostile."""

import re
from typing import Any

import pytest

from keyturn.protocol.pkce import challenge_for
from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.registration_rules import (
    LONGEST_NAME,
    UNNAMED,
    described,
    read_metadata,
    redirect_uri_is_safe,
)
from tests.server.bad_input.hostile_urls_ import ALMOST_LOOPBACK, ELSEWHERE, SCHEMES
from tests.server.oauth.registering_ import NATIVE

SCOPES = ("openid", "profile", "email")
PLAIN = re.compile(
    r"(?:https://[a-z0-9.%-]+|http://(?:127\.0\.0\.1|localhost|\[::1\]))(?::[1-9]\d*)?(?:[/?][!-~]*)?$"
)


def read(**changes: Any) -> Any:
    return read_metadata({**NATIVE, **changes}, scopes=SCOPES)


def refusal(**changes: Any) -> str:
    with pytest.raises(Refused) as refused:
        read(**changes)
    assert refused.value.status == 400
    return refused.value.code


def told(**changes: Any) -> str:
    try:
        read(**changes)
    except Refused as refused:
        return refused.description
    return ""


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback", "http://127.0.0.1:8123/callback", "http://[::1]/callback",
        "http://localhost/callback", "http://localhost:33418/", "https://app.acme.dev/callback",
        "https://app.acme.dev:8443/callback?tenant=1", "dev.acme.notes:/callback",
    ],
)  # fmt: skip
def test_https_loopback_and_an_app_s_own_scheme_may_be_registered(uri: str) -> None:
    assert read(redirect_uris=[uri]).redirect_uris == (uri,)


@pytest.mark.proves("S-22", "T-8")
@pytest.mark.parametrize(
    "uri",
    [
        "http://acme.dev/callback", "https://acme.dev/#fragment", "https://acme.dev@evil.example/",
        "https://acme.dev\\@evil.example/", "https://acme.dev:0/", "https://acme.dev:http/",
        "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/", "http://0.0.0.0/",
        "dev.acme.notes://claude.example/callback", "dev.acme.notes:callback", "acme:/callback",
        "javascript:alert(1)", "data:text/html,x", "https://\u0435xample.com/", "//evil.example/",
        "https://", "https:///callback", " https://acme.dev/", "https://acme.dev/\r\nx: y", "",
        "https://acme.dev/" + "x" * 2048,
    ],
)  # fmt: skip
def test_what_shows_codes_to_others_or_fools_a_reader_may_not(uri: str) -> None:
    assert not redirect_uri_is_safe(uri)
    assert refusal(redirect_uris=[NATIVE["redirect_uris"][0], uri]) == "invalid_redirect_uri"


@pytest.mark.proves("S-22", "T-8")
@pytest.mark.parametrize("uri", [*ELSEWHERE, *SCHEMES, *ALMOST_LOOPBACK])
def test_of_the_hostile_addresses_only_those_that_are_plainly_https_or_this_computer_pass(
    uri: str,
) -> None:
    if redirect_uri_is_safe(uri):
        assert PLAIN.match(uri), uri


@pytest.mark.parametrize("uris", ["https://acme.dev/", [1], {}, [["https://acme.dev/"]], None, []])
def test_redirect_uris_are_a_list_with_at_least_one(uris: object) -> None:
    assert refusal(redirect_uris=uris) == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_name": 7},
        {"client_name": "x" * 2000},
        {"grant_types": "authorization_code"},
        {"grant_types": ["password", "implicit", "client_credentials"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": ["authorization_code"] * 40},
        {"response_types": ["token"]},
        {"scope": "admin"},
        {"scope": ["openid"]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": {}},
        {"logo_uri": "javascript:alert(1)"},
        {"tos_uri": "http://[broken"},
        {"contacts": [{"mail": "x"}]},
        {"software_id": [1]},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": ["RS256"]},
        {"default_max_age": -1},
        {"default_max_age": True},
        {"require_auth_time": "yes"},
        {"subject_type": "pairwise"},
    ],
)
def test_what_cannot_be_honoured_is_refused(wrong: dict[str, Any]) -> None:
    assert refusal(**wrong) == "invalid_client_metadata"


def test_software_statements_are_refused_by_name() -> None:
    assert refusal(software_statement="eyJ.e30.") == "unapproved_software_statement"


def test_grants_that_are_not_there_are_left_out_and_unknown_members_ignored() -> None:
    found = read(
        grant_types=["authorization_code", "client_credentials", "refresh_token"],
        jwks_uri="http://169.254.169.254/",
        id="mine",
        vetted=True,
    )
    assert found.grants == ("authorization_code", "refresh_token")
    assert found.details == {}
    assert not found.client("c", "p", secret_hash=None).vetted


def test_a_name_is_one_plain_line_of_bounded_length_and_never_empty() -> None:
    assert read(client_name="A\nB\u202eC\x00").display_name == "A BC"
    assert len(read(client_name="x" * 1000).display_name) == LONGEST_NAME
    for empty in ("", None, "\u200b", " "):
        assert read(client_name=empty).display_name == UNNAMED


def test_what_openid_clients_register_counts() -> None:
    asked = {
        "id_token_signed_response_alg": "ES256",
        "default_max_age": 60,
        "require_auth_time": True,
    }
    client = read(**asked, subject_type="public").client("c", "p", secret_hash=None)
    assert (client.id_token_alg, client.default_max_age) == ("ES256", 60)
    assert client.require_auth_time is True
    assert described(client).items() >= asked.items()


def test_what_is_left_out_falls_back_as_the_rfc_says() -> None:
    found = read_metadata({"redirect_uris": ["http://127.0.0.1/cb"]}, scopes=SCOPES)
    assert found.grants == ("authorization_code",)
    assert found.auth_method == "client_secret_basic"
    assert found.scopes == SCOPES


def test_no_refusal_gives_back_what_was_sent() -> None:
    mark = challenge_for("m" * 43)
    for name in (*NATIVE, "logo_uri", "contacts", "software_statement"):
        for value in (mark, [mark], {mark: mark}):
            assert mark not in told(**{name: value})
