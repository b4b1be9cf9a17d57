"""Metadata: where it is looked for, and when it is not believed."""

import pytest

from keyturn.protocol.discovery import discover, metadata_urls, read_metadata
from keyturn.protocol.errors import ServerUnreachable, UnexpectedReply
from tests.protocol.flow_ import play, reply

ISSUER = "https://id.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/oauth/authorize",
    "token_endpoint": f"{ISSUER}/oauth/token",
    "device_authorization_endpoint": f"{ISSUER}/oauth/device_authorization",
    "revocation_endpoint": f"{ISSUER}/oauth/revoke",
    "userinfo_endpoint": f"{ISSUER}/oauth/userinfo",
    "introspection_endpoint": f"{ISSUER}/oauth/introspect",
    "keyturn_ack_endpoint": f"{ISSUER}/oauth/ack",
    "keyturn_sessions_page": f"{ISSUER}/sessions",
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "keyturn_prefer_wait_max": 60,
    "scopes_supported": ["openid", 7],
}


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://id.example",
            (
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration",
            ),
        ),
        (
            "https://id.example/tenant/",
            (
                "https://id.example/.well-known/oauth-authorization-server/tenant",
                "https://id.example/tenant/.well-known/openid-configuration",
            ),
        ),
    ],
)
def test_the_well_known_part_goes_where_each_document_wants_it(
    issuer: str, urls: tuple[str, str]
) -> None:
    assert metadata_urls(issuer) == urls


def test_a_whole_document_is_read() -> None:
    found, script = play(discover(ISSUER), reply(200, DOCUMENT))
    assert [request.url for request in script.requests] == [metadata_urls(ISSUER)[0]]
    assert found.iss_in_callback
    assert found.challenge_methods == ("S256",)
    assert found.hold_seconds == 60
    assert found.scopes == ("openid",)
    assert found.endpoints.token == f"{ISSUER}/oauth/token"
    assert found.endpoints.ack == f"{ISSUER}/oauth/ack"
    assert found.endpoints.sessions_page == f"{ISSUER}/sessions"


@pytest.mark.proves("K-46")
def test_what_a_registration_and_an_id_token_need_is_read_too() -> None:
    more = {
        "registration_endpoint": f"{ISSUER}/register",
        "jwks_uri": f"{ISSUER}/jwks",
        "grant_types_supported": ["refresh_token", 7],
        "token_endpoint_auth_methods_supported": ["none"],
    }
    found = read_metadata(reply(200, {**DOCUMENT, **more}), issuer=ISSUER)
    assert (found.registration, found.jwks) == (f"{ISSUER}/register", f"{ISSUER}/jwks")
    assert (found.grant_types, found.auth_methods) == (("refresh_token",), ("none",))
    for name in ("registration_endpoint", "jwks_uri"):
        insecure = {**DOCUMENT, name: "http://elsewhere.example/"}
        with pytest.raises(UnexpectedReply, match=name):
            read_metadata(reply(200, insecure), issuer=ISSUER)


def test_a_web_application_that_answers_every_path_does_not_hide_the_other_document() -> None:
    page = reply(200, content_type="text/html; charset=utf-8")
    found, script = play(discover(ISSUER), page, reply(200, DOCUMENT))
    assert len(script.requests) == 2
    assert found.issuer == ISSUER


def test_openid_discovery_is_asked_where_rfc_8414_is_not_spoken() -> None:
    small = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
    found, script = play(discover(ISSUER), reply(404), reply(200, small))
    assert [request.url for request in script.requests] == list(metadata_urls(ISSUER))
    assert found.challenge_methods is None
    assert found.scopes == ()
    assert (found.authorization, found.hold_seconds, found.iss_in_callback) == (None, 0, False)


def test_a_server_that_is_down_is_not_asked_for_its_other_document() -> None:
    with pytest.raises(ServerUnreachable):
        play(discover(ISSUER), ServerUnreachable())
    with pytest.raises(UnexpectedReply, match=r"id\.example shows no sign-in server there"):
        play(discover(ISSUER), reply(503))


@pytest.mark.proves("T-5")
@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example/",
        "https://ID.example",
        "https://id.example:443",
        "http://id.example",
        "https://id.example.evil.example",
        None,
        ["https://id.example"],
    ],
)
def test_a_document_that_names_any_other_issuer_is_not_believed(issuer: object) -> None:
    with pytest.raises(UnexpectedReply, match="another issuer"):
        read_metadata(reply(200, {**DOCUMENT, "issuer": issuer}), issuer=ISSUER)


@pytest.mark.proves("K-30")
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/oauth/token",
        "ftp://id.example/token",
        "javascript:alert(1)",
        "/oauth/token",
        "https:///token",
        "https://[::1/token",
        "https://id.example:99999/token",
        "https://user@id.example/token",
        "https://id.example/to ken",
        "https://id.example/\u202etoken",
        "",
        7,
    ],
)
def test_an_endpoint_that_tokens_must_not_go_to_spoils_the_document(url: object) -> None:
    with pytest.raises(UnexpectedReply, match="token_endpoint"):
        read_metadata(reply(200, {**DOCUMENT, "token_endpoint": url}), issuer=ISSUER)


def test_a_document_without_a_token_endpoint_is_of_no_use() -> None:
    with pytest.raises(UnexpectedReply, match="no token endpoint"):
        read_metadata(reply(200, {"issuer": ISSUER}), issuer=ISSUER)


def test_plain_http_is_fine_where_the_issuer_is_this_computer() -> None:
    issuer = "http://127.0.0.1:8102"
    document = {"issuer": issuer, "token_endpoint": f"{issuer}/oauth/token"}
    assert read_metadata(reply(200, document), issuer=issuer).token == f"{issuer}/oauth/token"


def test_a_value_of_the_wrong_kind_counts_as_not_offered() -> None:
    odd = {
        **DOCUMENT,
        "code_challenge_methods_supported": "S256",
        "keyturn_prefer_wait_max": "often",
        "authorization_response_iss_parameter_supported": "yes",
    }
    found = read_metadata(reply(200, odd), issuer=ISSUER)
    assert (found.challenge_methods, found.hold_seconds, found.iss_in_callback) == (None, 0, False)
