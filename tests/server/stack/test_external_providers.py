"""Providers that speak OAuth alone, as GitHub does: who somebody is, read from what they answer."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from keyturn.protocol.authorize import Attempt
from keyturn.protocol.discovery import Metadata
from keyturn.protocol.errors import ExchangeFailed
from keyturn.server.oauth_providers import conversation
from keyturn.server.oauth_providers.profile import read_profile
from keyturn.server.projects.provider_declaration import ProviderDeclaration
from keyturn.server.projects.providers import Provider
from tests.issuers_.http_ import Answer, as_json
from tests.issuers_.issuer_ import Issuer
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api
from tests.server.stack.external_ import Program, answered, me
from tests.server.stack.providers_ import api_of

PERSON = {"id": 42, "login": "ada", "avatar_url": "https://id.example/42.png", "email": None}
EMAILS = [
    {"email": "old@example.com", "primary": False, "verified": True},
    {"email": "ada@example.com", "primary": True, "verified": True},
    "nonsense",
]


class Forge(Issuer):
    """A provider without metadata and ID tokens, whose addresses are listed apart."""

    def __init__(self) -> None:
        super().__init__()
        self.person: Any = PERSON
        self.emails = as_json(EMAILS)
        self.routes |= {
            "/user": lambda asked: as_json(self.person),
            "/user/emails": lambda asked: self.emails,
        }


@pytest.fixture(scope="module")
def server(shared_server: InProcess) -> InProcess:
    return shared_server


@pytest.fixture
def forge() -> Iterator[Forge]:
    with Forge() as started:
        yield started


def declared(forge: Forge, **members: Any) -> ProviderDeclaration:
    return ProviderDeclaration.model_validate(
        {
            "id": "forge",
            "type": "oauth2",
            "client_id": "keyturn",
            "client_secret": "hush",
            "scopes": ["read:user", "user:email"],
            "authorization_endpoint": f"{forge.url}/oauth/authorize",
            "token_endpoint": f"{forge.url}/oauth/token",
            "userinfo_endpoint": f"{forge.url}/user",
            "emails_endpoint": f"{forge.url}/user/emails",
            "unsafe_allow_private_addresses": True,
            **members,
        }
    )


@pytest.fixture
def api(server: InProcess, forge: Forge) -> Api:
    project_id = f"acme-{uuid4().hex[:8]}"
    provider = declared(forge).provider(project_id, server.services.secret)
    return api_of(server, provider, project_id=project_id)


def test_a_person_is_a_number_and_their_main_address_is_looked_up(api: Api, forge: Forge) -> None:
    tokens = Program(api, provider="forge").signed_in()
    user = me(api, tokens)
    assert (user["primary_email"], user["primary_email_verified"]) == ("ada@example.com", True)
    assert (user["display_name"], user["profile_image_url"]) == ("ada", PERSON["avatar_url"])
    assert user["oauth_providers"][0]["account_id"] == "42"
    asked = next(one for one in forge.asked if one.path == "/oauth/authorize").query
    assert asked["scope"] == "read:user user:email"
    assert "nonce" not in asked
    assert forge.token_requests()[0]["client_secret"] == "hush"


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"message": "Not Found"}, 404),
        as_json([]),
        as_json({"email": "ada@example.com"}),
        as_json([{"email": 1, "primary": True, "verified": True}]),
    ],
)
def test_whoever_keeps_the_addresses_back_signs_in_without_one(
    api: Api, forge: Forge, answer: Answer
) -> None:
    forge.emails = answer
    assert me(api, Program(api, provider="forge").signed_in())["primary_email"] is None


def test_an_answer_that_makes_no_sense_signs_nobody_in(api: Api, forge: Forge) -> None:
    forge.emails = Answer(200, b"<html>")
    refused = Program(api, provider="forge").refused()
    assert refused["errorCode"] == "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE"
    forge.emails, forge.person = as_json(EMAILS), {"login": "ada"}
    refused = Program(api, provider="forge").refused()
    assert refused["errorCode"] == "INVALID_AUTHORIZATION_CODE"
    forge.routes["/user"] = lambda asked: as_json({"message": "no"}, 403)
    refused = Program(api, provider="forge").refused()
    assert refused["errorCode"] == "INVALID_AUTHORIZATION_CODE"


def test_a_public_client_of_a_provider_sends_no_secret(server: InProcess, forge: Forge) -> None:
    provider = declared(forge, client_secret=None).provider("acme", server.services.secret)
    Program(api_of(server, provider), provider="forge").signed_in()
    form = forge.token_requests()[0]
    assert (form["client_id"], "client_secret" in form) == ("keyturn", False)


def test_google_is_asked_as_it_wants_to_be_for_a_refresh_token() -> None:
    google = Provider(id="google", type="google", client_id="c", issuer="https://i.example")
    link = answered(conversation.authorization_link(google, _metadata(), _attempt(), None))
    assert (link["access_type"], link["prompt"]) == ("offline", "consent")
    assert link["scope"] == "openid email profile"


def test_metadata_that_cannot_be_used_is_refused(server: InProcess) -> None:
    unusable: tuple[dict[str, object], ...] = (
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    )
    for extra in unusable:
        with Issuer() as issuer:
            issuer.extra_metadata = extra
            members = {"id": "work", "type": "openid", "client_id": "c", "issuer": issuer.url}
            provider = ProviderDeclaration.model_validate(
                {**members, "unsafe_allow_private_addresses": True}
            ).provider("acme", server.services.secret)
            answer = Program(api_of(server, provider)).depart()
            assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("claims", "profile"),
    [
        ({"sub": "a"}, ("a", None, False, None, None)),
        ({"id": 7}, ("7", None, False, None, None)),
        ({"sub": "a", "email": " ada@example.com "}, ("a", "ada@example.com", False, None, None)),
        ({"sub": "a", "email": "x", "email_verified": True}, ("a", None, False, None, None)),
        (
            {"sub": "a", "email": "a@b.example", "email_verified": "true", "name": " "},
            ("a", "a@b.example", True, None, None),
        ),
        ({"sub": "a", "name": "\u202eeve"}, ("a", None, False, "eve", None)),
        ({"sub": "a", "picture": "http://id.example/a.png"}, ("a", None, False, None, None)),
        ({"sub": "a", "picture": "https://a b"}, ("a", None, False, None, None)),
    ],
)
def test_who_somebody_is(claims: dict[str, Any], profile: tuple[object, ...]) -> None:
    found = read_profile(json.loads(json.dumps(claims)))
    assert (
        found.account_id,
        found.email,
        found.email_verified,
        found.display_name,
        found.image_url,
    ) == profile


@pytest.mark.parametrize(
    "claims", [{}, {"sub": ""}, {"sub": "x" * 256}, {"id": True}, {"sub": "a\nb"}, {"id": 1.5}]
)
def test_nobody_is_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(ExchangeFailed):
        read_profile(claims)


def _metadata() -> Metadata:
    return Metadata(
        issuer="https://i.example",
        authorization="https://i.example/authorize",
        token="https://i.example/token",
        device_authorization=None,
        revocation=None,
        userinfo=None,
        introspection=None,
        ack=None,
        sessions_page=None,
        iss_in_callback=False,
        challenge_methods=None,
        hold_seconds=0.0,
    )


def _attempt() -> Attempt:
    return Attempt(
        issuer="https://i.example",
        iss_in_callback=False,
        client_id="c",
        redirect_uri="https://here.example/callback",
        state="s",
        verifier="v" * 43,
    )
