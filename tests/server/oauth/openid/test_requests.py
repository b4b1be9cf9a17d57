"""OpenID Provider Basic: what a request may say, and what is taken of it."""

import json
from base64 import urlsafe_b64encode

import pytest

from tests.server.oauth.openid.rp_ import REDIRECT, Party, came_back, member, sign_in, visitor
from tests.server.person_ import Person


def unsigned(**claims: str) -> str:
    """Return a request object without a signature."""
    head, body = (
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, claims)
    )
    return f"{head}.{body}."


def test_without_a_response_type_the_client_is_told(party: Party) -> None:
    """OIDCCResponseTypeMissing."""
    person, _ = visitor(party.server)
    told = party.send(person, response_type=None)
    assert (told["error"], told["state"]) == ("invalid_request", "a state")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"display": "page"}, id="OIDCCDisplayPage"),
        pytest.param({"display": "popup"}, id="OIDCCDisplayPopup"),
        pytest.param({"ui_locales": "se de-CH"}, id="OIDCCUiLocales"),
        pytest.param({"claims_locales": "se"}, id="OIDCCClaimsLocales"),
        pytest.param({"extra": "foobar"}, id="OIDCCEnsureRequestWithUnknownParameterSucceeds"),
    ],
)
def test_what_changes_nothing_here_is_accepted(party: Party, given: dict[str, str]) -> None:
    """OIDCCDisplayPage, OIDCCDisplayPopup, OIDCCUiLocales, OIDCCClaimsLocales,
    OIDCCEnsureRequestWithUnknownParameterSucceeds.
    """
    person, user = visitor(party.server)
    assert party.claims(party.tokens(person, **given))["sub"] == user.id


def test_another_redirect_uri_than_the_registered_one_is_a_page(party: Party) -> None:
    """OIDCCEnsureRegisteredRedirectUri."""
    person, _ = visitor(party.server)
    for other in (REDIRECT + "/x", REDIRECT + "?x=1", "https://evil.example/cb"):
        page = person.open(party.path(redirect_uri=other))
        assert page.status_code == 400
        assert "location" not in page.headers


@pytest.mark.proves("S-51")
def test_a_posted_request_is_like_one_in_the_address_and_approves_nothing(party: Party) -> None:
    """OIDCCEnsurePostRequestSucceeds."""
    person, user = visitor(party.server)
    asked = party.request(nonce="posted")
    posted = party.server.post(
        "/oauth/authorize", data=asked, headers={"origin": "https://rp.example.com"}
    )
    assert posted.status_code == 303
    assert posted.headers["location"].startswith("/oauth/authorize?")
    person.open(posted.headers["location"])
    assert came_back(person.page) == {}
    code = came_back(person.press("/cli/decide", decision="approve", follow=False))["code"]
    assert party.claims(party.redeem(code).json(), nonce="posted")["sub"] == user.id


def test_a_request_by_reference_is_refused(party: Party) -> None:
    """OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported."""
    person, _ = visitor(party.server)
    told = party.send(person, request_uri="https://rp.example.com/request.jwt")
    assert (told["error"], told["state"]) == ("request_uri_not_supported", "a state")
    assert party.discovery["request_uri_parameter_supported"] is False


def test_a_request_object_is_refused(party: Party) -> None:
    """OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported."""
    person, _ = visitor(party.server)
    told = party.send(person, request=unsigned(client_id="rp", nonce="inside"))
    assert (told["error"], told["state"]) == ("request_not_supported", "a state")
    assert party.discovery["request_parameter_supported"] is False


def test_a_redirect_uri_inside_a_request_object_leads_nowhere(party: Party) -> None:
    """OIDCCEnsureRequestObjectWithRedirectUri."""
    person, _ = visitor(party.server)
    inside = unsigned(client_id="rp", redirect_uri="https://evil.example/cb")
    assert party.send(person, request=inside)["error"] == "request_not_supported"
    inside = unsigned(client_id="rp", redirect_uri=REDIRECT)
    page = person.open(party.path(request=inside, redirect_uri="https://evil.example/cb"))
    assert page.status_code == 400
    assert "location" not in page.headers


def test_the_document_of_openid_discovery_is_the_metadata_and_more(party: Party) -> None:
    rfc8414 = party.server.get("/.well-known/oauth-authorization-server").json()
    assert party.discovery == rfc8414
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "scopes_supported",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
    }
    assert required <= set(party.discovery)
    assert party.discovery["claims_parameter_supported"] is True


def test_a_request_survives_the_way_through_the_sign_in_page(party: Party) -> None:
    member(party.server, "way@example.com")
    stranger = Person(party.server)
    asked = json.dumps({"id_token": {"email": None}})
    stranger.open(party.path(claims=asked, max_age="60", acr_values="0", scope="openid email"))
    party.server.clock.advance(300)  # looking for the password
    sign_in(stranger, "way@example.com")
    code = came_back(stranger.press("/cli/decide", decision="approve", follow=False))["code"]
    told = party.claims(party.redeem(code).json())
    assert (told["email"], told["acr"]) == ("way@example.com", "0")
