"""The current project, and the tokens and keys that belong to it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from keyturn.server.keys.jwt import SigningKey, sign
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of

CONFIG_KEYS = {
    "sign_up_enabled", "credential_enabled", "magic_link_enabled", "passkey_enabled",
    "oauth_providers", "client_team_creation_enabled", "client_user_deletion_enabled",
    "allow_user_api_keys", "allow_team_api_keys",
}  # fmt: skip
CLAIMS = {
    "sub", "project_id", "branch_id", "refresh_token_id", "role", "name", "email",
    "email_verified", "selected_team_id", "signed_up_at", "is_anonymous", "is_restricted",
    "restricted_reason", "requires_totp_mfa", "iss", "aud", "iat", "exp",
}  # fmt: skip


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def jwks(api: Api, query: str = "") -> KeySet:
    answer = api.get(f"/projects/{api.project.id}/.well-known/jwks.json{query}", {})
    assert answer.status_code == 200
    return KeySet.import_key_set(answer.json())


def restricted(api: Api) -> SignedIn:
    person = api.person()
    body = {"restricted_by_admin": True}
    api.send("PATCH", f"/users/{person.user_id}", api.secret, json=body)
    return api.session_of(person.user_id)


def test_a_client_sees_what_a_sign_in_page_needs(api: Api) -> None:
    found = api.get("/projects/current").json()
    assert found.keys() == {"id", "display_name", "config"}
    assert (found["id"], found["display_name"]) == (api.project.id, "Engines")
    # Published clients read the providers under the second name.
    assert found["config"].keys() == CONFIG_KEYS | {"enabled_oauth_providers"}
    assert api.get("/projects/current", api.secret).json() == found


def test_an_administrator_sees_all_settings(server: InProcess) -> None:
    api = Api.create(server, trusted_domains=("https://app.example",))
    found = api.get("/projects/current", api.admin).json()
    config = found["config"]
    assert config["email_config"] == {"type": "shared"}
    assert config["domains"] == [{"domain": "https://app.example", "handler_path": "/handler"}]
    assert config["team_creator_default_permissions"] == [{"id": "team_admin"}]
    assert config["team_member_default_permissions"] == [{"id": "team_member"}]
    assert config["user_default_permissions"] == []
    assert api.get("/internal/projects/current", api.admin).json() == found
    refused = api.get("/internal/projects/current", api.secret)
    assert code_of(refused) == "INSUFFICIENT_ACCESS_TYPE"


@pytest.mark.proves("S-10")
def test_an_access_token_has_every_claim(api: Api, clock: SetClock) -> None:
    account = api.account("ada@example.com")
    sessions = api.get("/auth/sessions?user_id=me", account.headers).json()["items"]
    now = clock.now // 1000
    found = claims_of(account.access_token)
    assert found.keys() == CLAIMS
    assert found == {
        "sub": account.user_id,
        "project_id": api.project.id,
        "branch_id": "main",
        "refresh_token_id": sessions[0]["id"],
        "role": "authenticated",
        "name": None,
        "email": "ada@example.com",
        "email_verified": False,
        "selected_team_id": None,
        "signed_up_at": now,
        "is_anonymous": False,
        "is_restricted": False,
        "restricted_reason": None,
        "requires_totp_mfa": False,
        "iss": f"{BASE_URL}/api/v1/projects/{api.project.id}",
        "aud": api.project.id,
        "iat": now,
        "exp": now + 600,
    }


@pytest.mark.proves("S-10")
def test_each_audience_has_its_issuer_keys_and_reason(api: Api) -> None:
    plain, guest, held = api.person(), api.guest(), restricted(api)
    expected = [
        (plain, "projects", "", None, ""),
        (
            held,
            "projects-restricted-users",
            ":restricted",
            {"type": "restricted_by_administrator"},
            "?include_restricted=true",
        ),
        (
            guest,
            "projects-anonymous-users",
            ":anon",
            {"type": "anonymous"},
            "?include_anonymous=true",
        ),
    ]
    for session, issuer, suffix, reason, query in expected:
        token = jwt.decode(session.access_token, jwks(api, query), algorithms=["ES256"])
        claims = token.claims
        assert token.header["alg"] == "ES256"
        assert claims["iss"] == f"{BASE_URL}/api/v1/{issuer}/{api.project.id}"
        assert claims["aud"] == api.project.id + suffix
        assert claims["restricted_reason"] == reason
        assert claims["is_restricted"] is (reason is not None)


@pytest.mark.proves("S-10")
def test_plain_keys_do_not_verify_anonymous_or_restricted_tokens(api: Api) -> None:
    plain = jwks(api)
    jwt.decode(api.person().access_token, plain, algorithms=["ES256"])
    for session in (api.guest(), restricted(api)):
        with pytest.raises((JoseError, ValueError)):
            jwt.decode(session.access_token, plain, algorithms=["ES256"])


def test_the_key_document_has_two_keys_for_each_audience_and_six_members_a_key(
    api: Api,
) -> None:
    path = f"/projects/{api.project.id}/.well-known/jwks.json"
    for query, count in (
        ("", 2),
        ("?include_anonymous=true", 4),
        ("?include_anonymous=true&include_restricted=true", 6),
        ("?include_anonymous=false", 2),
    ):
        found = api.get(path + query, {}).json()
        assert found.keys() == {"keys"}
        assert len(found["keys"]) == count
        assert all(key.keys() == {"kty", "alg", "crv", "x", "y", "kid"} for key in found["keys"])
    unknown = api.get("/projects/nowhere/.well-known/jwks.json", {})
    assert unknown.status_code == 404
    assert code_of(api.get(f"{path}?include_anonymous=1", {})) == "SCHEMA_ERROR"


@pytest.mark.proves("T-12")
def test_a_forged_or_foreign_access_token_is_unparsable(api: Api, server: InProcess) -> None:
    good = api.guest().access_token
    head, body, signature = good.split(".")
    claims = claims_of(good)
    stranger = SigningKey(kid=_header(good)["kid"], private=ec.generate_private_key(ec.SECP256R1()))
    foreign_key = server.run(server.services.keys.of(f"{api.project.id}:project")).signing
    forged = [
        f"{head}.{body}.",
        f"{head}.{body}.{'A' * 86}",
        f"{_json({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{_json({**_header(good), 'alg': 'HS256'})}.{body}.{signature}",
        f"{_json({**_header(good), 'crit': ['x']})}.{body}.{signature}",
        f"{_json({**_header(good), 'kid': 'unknown'})}.{body}.{signature}",
        f"{head}.{_json({**claims, 'sub': 'x'})}.{signature}",
        sign(claims, stranger),
        sign(claims, foreign_key),  # a plain key says nothing about anonymous users
        sign({**claims, "iss": claims["iss"] + "x"}, foreign_key),
        sign({**claims, "aud": "nowhere:anon"}, stranger),
        sign({**claims, "aud": [claims["aud"]]}, stranger),
        good + "A",
        good + "." + body,
        "A" * 9000,
        ".",
        "..",
        "é.é.é",
    ]
    for token in forged:
        # As bytes: the client would refuse to send what is not ASCII.
        headers = {name.encode(): value.encode() for name, value in api.with_token(token).items()}
        answer = server.request("GET", "/api/v1/users/me", headers=headers)
        assert (answer.status_code, code_of(answer)) == (401, "UNPARSABLE_ACCESS_TOKEN"), token


@pytest.mark.proves("S-0c")
def test_a_token_of_the_oauth_face_is_not_accepted_here(api: Api, server: InProcess) -> None:
    key = server.run(server.services.keys.of("oauth")).signing
    claims = {**claims_of(api.person().access_token), "iss": BASE_URL}
    for typ in ("JWT", "at+jwt"):
        answer = api.get("/users/me", api.with_token(sign(claims, key, typ=typ)))
        assert code_of(answer) == "UNPARSABLE_ACCESS_TOKEN"


@pytest.mark.proves("S-61")
def test_tokens_signed_before_a_key_rotation_stay_good(api: Api, server: InProcess) -> None:
    before = jwks(api)
    server.clock.advance(3600)  # the next key has to be known before it signs
    person = api.person()
    server.run(server.services.keys.rotate(f"{api.project.id}:project"))
    assert api.get("/users/me", person.headers).status_code == 200
    later = api.session_of(person.user_id)
    jwt.decode(later.access_token, before, algorithms=["ES256"])


def test_asking_for_tokens_of_unknown_projects_makes_no_keys(api: Api, server: InProcess) -> None:
    claims = {**claims_of(api.guest().access_token), "aud": "nowhere"}
    key = SigningKey(kid="x", private=ec.generate_private_key(ec.SECP256R1()))
    api.get("/users/me", api.with_token(sign(claims, key)))
    assert "nowhere:project" not in server.services.keys._sets


def _header(token: str) -> dict[str, Any]:
    head = token.split(".")[0]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return found


def _json(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
