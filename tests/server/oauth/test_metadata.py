"""The metadata names what exists, at the places where clients look."""

from collections.abc import Callable

import pytest

from keyturn.protocol import discovery
from keyturn.protocol.wire import Reply
from tests.server.in_process_ import BASE_URL, InProcess

WELL_KNOWN = "/.well-known/oauth-authorization-server"
OF_THE_PAGES = {"authorization_endpoint", "keyturn_sessions_page"}


def test_every_endpoint_that_is_named_exists(server: InProcess) -> None:
    found = server.get(WELL_KNOWN).json()
    assert found["issuer"] == BASE_URL
    for name, url in found.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            path = url.removeprefix(BASE_URL)
            assert path.startswith("/oauth/")
            if name not in OF_THE_PAGES:
                assert server.request("OPTIONS", path).status_code == 204
    assert "registration_endpoint" not in found


def test_the_metadata_says_what_is_supported(server: InProcess) -> None:
    found = server.get(WELL_KNOWN).json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["keyturn_prefer_wait_max"] == 60
    assert found["keyturn_sessions_page"] == f"{BASE_URL}/sessions"
    assert set(found["token_endpoint_auth_methods_supported"]) == {
        "none",
        "client_secret_basic",
        "client_secret_post",
    }


@pytest.mark.proves("S-63")
def test_the_metadata_of_an_issuer_with_a_path_is_where_the_rfc_inserts_it(
    start_server: Callable[..., InProcess],
) -> None:
    issuer = "https://example.com/auth/v1"
    server = start_server(base_url=issuer)
    for path in (WELL_KNOWN, f"{WELL_KNOWN}/auth/v1"):
        found = server.get(path).json()
        assert found["issuer"] == issuer
        assert found["token_endpoint"] == f"{issuer}/oauth/token"
    for path in (f"{WELL_KNOWN}/", f"{WELL_KNOWN}/auth", f"{WELL_KNOWN}/auth/v1/x"):
        assert server.get(path).status_code == 404


def test_our_own_client_believes_the_metadata(server: InProcess) -> None:
    reply = server.get(WELL_KNOWN)
    read = discovery.read_metadata(
        Reply(
            status=reply.status_code,
            headers=dict(reply.headers),
            body=reply.content,
            elapsed_seconds=0.0,
            at=0.0,
        ),
        issuer=BASE_URL,
    )
    assert read.token == f"{BASE_URL}/oauth/token"
    assert read.hold_seconds == 60
    assert read.iss_in_callback
