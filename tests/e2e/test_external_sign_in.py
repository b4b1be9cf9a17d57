"""Two of these servers: one signs people in, the other takes them from there. In Chromium."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx2
import pytest

from keyturn.protocol.pkce import challenge_for
from tests.e2e.chromium_ import approve, sees, sign_up
from tests.served_ import Served, serving
from tests.server.stack.external_ import answered

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("e2e-external")

SECRET = "a secret that both sides know"
VERIFIER = "v" * 43
PROVIDER = f"""
[[projects]]
id = "people"
display_name = "People"

[[clients]]
id = "acme"
project = "people"
display_name = "Acme"
secret = "{SECRET}"
redirect_uris = ["http://127.0.0.1/api/v1/auth/oauth/callback/people"]
grants = ["authorization_code", "refresh_token"]
scopes = ["openid", "profile", "email", "offline_access"]
"""
ACME = """
[[projects]]
id = "acme"
display_name = "Acme"

[[projects.oauth_providers]]
id = "people"
type = "openid"
issuer = "{issuer}"
client_id = "acme"
client_secret = "{secret}"
scopes = ["openid", "email", "profile", "offline_access"]
unsafe_allow_private_addresses = true
"""


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("people"), config=PROVIDER) as served:
        yield served


@pytest.fixture
def acme(provider: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    config = ACME.format(issuer=provider.base, secret=SECRET)
    with serving(tmp_path_factory.mktemp("acme"), config=config) as served:
        yield served


def link(acme: Served, home: str) -> str:
    asked = {
        "client_id": "acme",
        "client_secret": "__stack_public_client__",
        "redirect_uri": home,
        "scope": "legacy",
        "state": "s" * 20,
        "grant_type": "authorization_code",
        "code_challenge": challenge_for(VERIFIER),
        "code_challenge_method": "S256",
        "response_type": "code",
    }
    return f"{acme.base}/api/v1/auth/oauth/authorize/people?{urlencode(asked)}"


def redeem(acme: Served, home: str, code: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "acme",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": home,
    }
    return acme.request("POST", "/api/v1/auth/oauth/token", data=form)


@pytest.mark.proves("S-0c", "T-9")
def test_a_person_of_one_server_signs_in_at_another(
    window: "Page", provider: Served, acme: Served
) -> None:
    # Another origin than the callback's, as an app's own pages are.
    home = f"http://localhost:{acme.port}/welcome"
    window.goto(link(acme, home))
    sign_up(window, provider.base, "ada@example.com")
    sees(window, "Let Acme sign in?")
    approve(window)
    window.wait_for_url(f"{home}**")
    told = answered(window.url)
    assert told["state"] == "s" * 20
    tokens = redeem(acme, home, told["code"]).json()
    headers = {
        "x-stack-access-type": "client",
        "x-stack-project-id": "acme",
        "x-stack-access-token": tokens["access_token"],
    }
    me = acme.request("GET", "/api/v1/users/me", headers=headers).json()
    assert me["primary_email"] == "ada@example.com"
    path = "/api/v1/connected-accounts/me/people/access-token"
    given = acme.request("POST", path, headers=headers, json={}).json()["access_token"]
    bearer = {"authorization": f"Bearer {given}"}
    there = provider.request("GET", "/oauth/userinfo", headers=bearer).json()
    assert there["sub"] == me["oauth_providers"][0]["account_id"]
    seen = [SECRET, told["code"], tokens["access_token"], tokens["refresh_token"], given]
    kept = b"".join(file.read_bytes() for file in acme.data.iterdir() if file.is_file())
    assert [one for one in seen if one in acme.log + provider.log] == []
    assert [one for one in seen if one.encode() in kept] == []
