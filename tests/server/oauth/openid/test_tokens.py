"""OpenID Provider Basic: what ID token, userinfo and refresh say, and what they take."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from joserfc import jws

from keyturn.server.settings import Settings
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.openid.rp_ import ALL, NONCE, SETTINGS, Party, visitor


def test_the_id_token_of_a_code_names_person_client_and_time(party: Party) -> None:
    """OIDCCServerTest."""
    person, user = visitor(party.server)
    tokens = party.tokens(person)
    told = party.claims(tokens)
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert told == {
        "iss": BASE_URL,
        "sub": user.id,
        "aud": "rp",
        "nonce": NONCE,
        "auth_time": party.server.clock.now // 1000,
        "iat": party.server.clock.now // 1000,
        "exp": party.server.clock.now // 1000 + 3600,
        "at_hash": urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid")


@pytest.mark.proves("S-61")
def test_id_tokens_are_signed_with_rs256_by_a_published_key(party: Party) -> None:
    """OIDCCIdTokenSignature."""
    person, _ = visitor(party.server)
    header = jws.extract_compact(party.tokens(person)["id_token"].encode()).headers()
    published = {key["kid"]: key for key in party.server.get("/oauth/jwks").json()["keys"]}
    assert header["alg"] == "RS256"
    assert published[header["kid"]]["alg"] == "RS256"
    assert len({key["kid"] for key in published.values()}) == len(published)


def test_a_client_may_have_es256(server: InProcess) -> None:
    party = Party(server, "rp-es256")
    person, user = visitor(server)
    tokens = party.tokens(person)
    assert party.claims(tokens)["sub"] == user.id
    assert jws.extract_compact(tokens["id_token"].encode()).headers()["alg"] == "ES256"


def test_no_client_can_have_id_tokens_without_a_signature(party: Party) -> None:
    """OIDCCIdTokenUnsigned: does not apply, since ``none`` is not offered; asking is refused."""
    assert party.discovery["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    unsigned = {**SETTINGS["clients"][0], "id_token_signed_response_alg": "none"}
    with pytest.raises(ValueError, match="id_token_signed_response_alg"):
        Settings.model_validate({**SETTINGS, "clients": [unsigned]})


def test_userinfo_answers_a_get(party: Party) -> None:
    """OIDCCUserInfoGet."""
    person, user = visitor(party.server)
    assert party.userinfo(party.tokens(person)) == {"sub": user.id}


def test_userinfo_answers_a_post_with_the_token_in_its_header(party: Party) -> None:
    """OIDCCUserInfoPostHeader."""
    person, user = visitor(party.server)
    bearer = {"authorization": f"Bearer {party.tokens(person)['access_token']}"}
    answer = party.server.post("/oauth/userinfo", headers=bearer)
    assert (answer.status_code, answer.json()) == (200, {"sub": user.id})


def test_userinfo_answers_a_post_with_the_token_in_its_body(party: Party) -> None:
    """OIDCCUserInfoPostBody."""
    person, user = visitor(party.server)
    token = party.tokens(person)["access_token"]
    answer = party.server.post("/oauth/userinfo", data={"access_token": token})
    assert (answer.status_code, answer.json()) == (200, {"sub": user.id})


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda s, t: s.get(f"/oauth/userinfo?access_token={t}"), 401),
        (lambda s, t: s.post("/oauth/userinfo", json={"access_token": t}), 401),
        (lambda s, t: s.post("/oauth/userinfo", data={"access_token": "x"}), 401),
        (
            lambda s, t: s.post(
                "/oauth/userinfo",
                data={"access_token": t},
                headers={"authorization": f"Bearer {t}"},
            ),
            400,
        ),
    ],
    ids=["in the URL", "in JSON", "a wrong one", "twice"],
)
def test_no_other_place_for_the_token_opens_userinfo(
    party: Party, send: Callable[..., object], status: int
) -> None:
    person, _ = visitor(party.server)
    answer = send(party.server, party.tokens(person)["access_token"])
    assert getattr(answer, "status_code", None) == status


def test_without_a_nonce_there_is_none(party: Party) -> None:
    """OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow."""
    person, _ = visitor(party.server)
    assert "nonce" not in party.claims(party.tokens(person, nonce=None), nonce=None)


@pytest.mark.proves("S-25")
def test_a_refresh_brings_an_id_token_about_the_same_sign_in(party: Party) -> None:
    """OIDCCRefreshToken."""
    person, _ = visitor(party.server)
    first = party.tokens(person, scope=ALL)
    party.server.clock.advance(60)
    second = party.refresh(first["refresh_token"])
    before, after = party.claims(first), party.claims(second, nonce=None)
    same = ("iss", "sub", "aud", "auth_time")
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert after["iat"] == before["iat"] + 60
    assert after["at_hash"] != before["at_hash"]
    assert "nonce" not in after


def test_a_client_may_prove_itself_in_the_form(party: Party) -> None:
    """OIDCCServerTestClientSecretPost."""
    person, user = visitor(party.server)
    answer = party.redeem(party.approved(person)["code"], by_form=True)
    assert party.claims(answer.json())["sub"] == user.id


def test_a_request_with_pkce_succeeds_and_its_code_needs_the_verifier(party: Party) -> None:
    """OIDCCEnsureRequestWithValidPkceSucceeds."""
    person, user = visitor(party.server)
    code = party.approved(person)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "x" * 43}
    wrong = party.server.post(
        "/oauth/token",
        data={**form, "redirect_uri": party.request()["redirect_uri"]},
        auth=("rp", "a secret of the relying party"),
    )
    assert wrong.json()["error"] == "invalid_grant"
    assert party.claims(party.redeem(code).json())["sub"] == user.id


@pytest.mark.proves("S-21")
@pytest.mark.parametrize("seconds", [0, 30], ids=["at once", "after 30 seconds"])
def test_a_code_is_good_once_and_its_second_use_ends_what_it_gave(
    party: Party, seconds: int
) -> None:
    """OIDCCAuthCodeReuse, OIDCCAuthCodeReuseAfter30Seconds."""
    person, _ = visitor(party.server)
    code = party.approved(person, scope=ALL)["code"]
    tokens = party.redeem(code).json()
    party.server.clock.advance(seconds)
    again = party.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert party.server.get("/oauth/userinfo", headers=bearer).status_code == 401
