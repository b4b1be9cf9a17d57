"""OpenID Provider Basic: which scopes and claims tell what, and where."""

import json

import pytest

from tests.server.in_process_ import InProcess
from tests.server.oauth.openid.rp_ import Party, visitor


def test_profile_tells_the_name(party: Party) -> None:
    """OIDCCScopeProfile."""
    person, user = visitor(party.server)
    told = party.userinfo(party.tokens(person, scope="openid profile"))
    assert told == {"sub": user.id, "name": "Ada Lovelace"}


def test_email_tells_the_address_and_whether_it_was_checked(party: Party) -> None:
    """OIDCCScopeEmail."""
    person, user = visitor(party.server)
    told = party.userinfo(party.tokens(person, scope="openid email"))
    assert told == {"sub": user.id, "email": user.primary_email, "email_verified": True}


@pytest.mark.parametrize("scope", ["address", "phone"])
def test_what_nobody_is_asked_for_is_not_offered_and_harmless(party: Party, scope: str) -> None:
    """OIDCCScopeAddress, OIDCCScopePhone: do not apply; this server knows neither of anybody."""
    person, user = visitor(party.server)
    tokens = party.tokens(person, scope=f"openid {scope}")
    assert tokens["scope"] == "openid"
    assert party.userinfo(tokens) == {"sub": user.id}
    assert scope not in party.discovery["scopes_supported"]
    assert not {"address", "phone_number"} & set(party.discovery["claims_supported"])


def test_all_scopes_tell_all_that_is_known(party: Party) -> None:
    """OIDCCScopeAll."""
    person, _ = visitor(party.server)
    tokens = party.tokens(person, scope="openid profile email address phone")
    assert set(party.userinfo(tokens)) == {"sub", "name", "email", "email_verified"}
    assert party.claims(tokens)["sub"] == party.userinfo(tokens)["sub"]


def test_the_order_of_scopes_does_not_matter(party: Party) -> None:
    """OIDCCAlternateHappyFlow."""
    person, user = visitor(party.server)
    tokens = party.tokens(person, scope="email openid")
    assert party.claims(tokens)["sub"] == user.id
    assert party.userinfo(tokens)["email"] == user.primary_email


def test_an_essential_claim_comes_without_its_scope_and_the_page_says_so(party: Party) -> None:
    """OIDCCClaimsEssential."""
    person, user = visitor(party.server)
    asked = json.dumps({"userinfo": {"name": {"essential": True}, "shoe_size": None}})
    tokens = party.tokens(person, claims=asked)
    assert party.userinfo(tokens) == {"sub": user.id, "name": "Ada Lovelace"}
    assert "name" not in party.claims(tokens)
    person.open(party.path(claims=asked))
    assert "See your name" in person.page.text
    assert "email" not in person.page.text.partition("See your name")[2].partition("</ul>")[0]


def test_a_claim_may_be_asked_into_the_id_token_and_stays_there(party: Party) -> None:
    person, user = visitor(party.server)
    asked = json.dumps({"id_token": {"email": None, "acr": {"values": ["0"]}}})
    tokens = party.tokens(person, claims=asked, scope="openid offline_access")
    told = party.claims(tokens)
    assert (told["email"], told["acr"]) == (user.primary_email, "0")
    assert "email" not in party.userinfo(tokens)
    again = party.claims(party.refresh(tokens["refresh_token"]), nonce=None)
    assert (again["email"], again["acr"]) == (user.primary_email, "0")


def test_a_claim_whose_scope_the_client_may_not_have_is_not_told(server: InProcess) -> None:
    party = Party(server, "rp-modest")
    person, user = visitor(server)
    asked = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"email": None}})
    tokens = party.tokens(person, claims=asked)
    assert party.userinfo(tokens) == {"sub": user.id}
    assert "email" not in party.claims(tokens)


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ("{", "invalid_request"),
        ("[]", "invalid_request"),
        ('{"userinfo": []}', "invalid_request"),
        ('{"userinfo": {"name": 1}}', "invalid_request"),
        ('{"userinfo": {"name": null, "name": null}}', "invalid_request"),
        ("[" * 2000, "invalid_request"),
        (
            '{"userinfo": {"sub": {"value": "a"}}, "id_token": {"sub": {"value": "b"}}}',
            "invalid_request",
        ),
        ('{"id_token": {"sub": {"value": 5}}}', "invalid_request"),
        ('{"id_token": {"sub": {"values": ["a", "b"]}}}', "invalid_request"),
        (
            '{"id_token": {"acr": {"essential": true, "values": ["phr"]}}}',
            "unmet_authentication_requirements",
        ),
        (
            '{"id_token": {"acr": {"essential": true, "value": "phr"}}}',
            "unmet_authentication_requirements",
        ),
    ],
)
def test_claims_that_cannot_be_read_or_met_are_told_to_the_client(
    party: Party, claims: str, error: str
) -> None:
    person, _ = visitor(party.server)
    assert party.send(person, claims=claims)["error"] == error


def test_an_essential_acr_that_there_is_can_be_had(party: Party) -> None:
    person, _ = visitor(party.server)
    asked = json.dumps({"id_token": {"acr": {"essential": True, "values": ["phr", "0"]}}})
    assert party.claims(party.tokens(person, claims=asked))["acr"] == "0"


def test_acr_values_may_be_asked_for(party: Party) -> None:
    """OIDCCEnsureRequestWithAcrValuesSucceeds."""
    person, _ = visitor(party.server)
    assert party.claims(party.tokens(person, acr_values="phr 0"))["acr"] == "0"
