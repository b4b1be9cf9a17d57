"""Access tokens, read by somebody else's library and forged in every way we know."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from keyturn.server.keys.service import OAUTH
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.oauth.grants_ import CLIENT, refresh, signed_in


def userinfo(server: InProcess, token: str, method: str = "GET") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return server.request(method, "/oauth/userinfo", headers=headers).status_code


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def opened(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=="))
    return found


@pytest.mark.proves("S-0c")
def test_an_access_token_verifies_elsewhere_with_the_published_keys(server: InProcess) -> None:
    user = server.person()
    tokens = signed_in(server, user, scope="openid email")
    keys = KeySet.import_key_set(server.get("/oauth/jwks").json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    now = server.clock.now // 1000
    claims = dict(token.claims)
    assert claims.pop("jti")
    assert claims == {
        "iss": BASE_URL,
        "aud": BASE_URL,
        "sub": user.id,
        "client_id": CLIENT,
        "scope": "openid email",
        "iat": now,
        "exp": now + 600,
        "auth_time": now,
        "sid": tokens["session"],
        "gen": 0,
        "sib": 0,
    }
    second = refresh(server, tokens["refresh_token"]).json()["access_token"]
    assert opened(second, 1)["gen"] == 1
    assert opened(second, 1)["jti"] != token.claims["jti"]


def test_the_keys_keep_their_private_half(server: InProcess) -> None:
    keys = server.get("/oauth/jwks").json()["keys"]
    members = {
        "ES256": {"kty", "alg", "crv", "x", "y", "kid"},
        "RS256": {"kty", "alg", "use", "n", "e", "kid"},
    }
    assert [key["alg"] for key in keys] == ["ES256", "ES256", "RS256", "RS256"]
    for key in keys:
        assert set(key) == members[key["alg"]]


@pytest.mark.proves("S-61")
def test_a_token_of_the_key_before_stays_good_after_a_rotation(server: InProcess) -> None:
    server.get("/oauth/jwks")
    server.clock.advance(3600)  # the next key has to be known before it signs
    token = signed_in(server)["access_token"]
    server.run(server.services.keys.rotate(OAUTH))
    assert userinfo(server, token) == 200
    fresh = signed_in(server)["access_token"]
    assert opened(fresh, 0)["kid"] != opened(token, 0)["kid"]
    published = server.get("/oauth/jwks").json()["keys"]
    assert [key["alg"] for key in published].count("ES256") == 3


Forge = Callable[[InProcess, str], str]


def signed_by(key: ECKey | OctKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jws.serialize_compact(
        header, json.dumps(claims), key, algorithms=["ES256", "ES384", "HS256"]
    )


def changed_header(**changes: Any) -> Forge:
    def forge(server: InProcess, token: str) -> str:
        _, body, signature = token.split(".")
        return f"{part({**opened(token, 0), **changes})}.{body}.{signature}"

    return forge


def changed_claims(**changes: Any) -> Forge:
    """Sign other claims with the server's own key: what a bug of ours could have issued."""

    def forge(server: InProcess, token: str) -> str:
        signing = server.run(server.services.keys.of(OAUTH)).signing
        key = ECKey.import_key(signing.private)
        return signed_by(key, opened(token, 0), {**opened(token, 1), **changes})

    return forge


def another_key(server: InProcess, token: str) -> str:
    return signed_by(ECKey.generate_key("P-256"), opened(token, 0), opened(token, 1))


def a_key_of_its_own(server: InProcess, token: str) -> str:
    key = ECKey.generate_key("P-256")
    header = {**opened(token, 0), "jwk": key.as_dict(private=False)}
    return signed_by(key, header, opened(token, 1))


def the_public_key_as_a_password(server: InProcess, token: str) -> str:
    public = json.dumps(server.get("/oauth/jwks").json()["keys"][0])
    header = {**opened(token, 0), "alg": "HS256"}
    return signed_by(OctKey.import_key(public), header, opened(token, 1))


FORGERIES: list[Forge] = [
    another_key,
    a_key_of_its_own,
    the_public_key_as_a_password,
    changed_header(alg="none"),
    changed_header(alg="ES384"),
    changed_header(typ="JWT"),
    changed_header(typ="AT+JWT"),
    changed_header(kid="unknown"),
    changed_header(kid=["x"]),
    changed_header(crit=["exp"]),
    changed_header(jku="https://evil.example/jwks"),
    changed_claims(iss="https://evil.example"),
    changed_claims(iss=BASE_URL + "/"),
    changed_claims(iss=BASE_URL + ".evil.example"),
    changed_claims(aud="https://evil.example"),
    changed_claims(aud=[BASE_URL, "https://evil.example"]),
    changed_claims(exp=0),
    changed_claims(sid="00000000-0000-0000-0000-000000000000"),
    lambda server, token: token.rpartition(".")[0] + ".",
    lambda server, token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    lambda server, token: token + "=",
    lambda server, token: token + ".x",
    lambda server, token: token + "x" * 20_000,
    lambda server, token: "é",
    lambda server, token: f"{part(5)}.{part([])}.x",
    lambda server, token: part({"alg": "none"}) + "." + token.split(".")[1] + ".",
]


@pytest.mark.proves("T-12")
@pytest.mark.parametrize("number", range(len(FORGERIES)))
def test_a_forged_token_opens_nothing(server: InProcess, number: int) -> None:
    token = signed_in(server)["access_token"]
    forged = FORGERIES[number](server, token)
    headers = [(b"Authorization", b"Bearer " + forged.encode())]
    reply = server.get("/oauth/userinfo", headers=headers)
    assert reply.status_code == 401
    assert userinfo(server, token) == 200


@pytest.mark.proves("S-0c", "T-12")
def test_no_other_token_of_ours_is_an_access_token(server: InProcess) -> None:
    user = server.person()
    tokens = signed_in(server, user)
    for wrong in (tokens["refresh_token"], server.browser(user)[1], tokens["session"]):
        assert userinfo(server, wrong) == 401


def test_an_access_token_ends_when_it_says(server: InProcess, clock: SetClock) -> None:
    token = signed_in(server)["access_token"]
    clock.advance(599)
    assert userinfo(server, token) == 200
    clock.advance(1)
    assert userinfo(server, token) == 401
