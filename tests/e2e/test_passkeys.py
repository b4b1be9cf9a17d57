"""A passkey in Chromium: made by its own authenticator, checked by the server, used to sign in."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.chromium_ import add_authenticator
from tests.served_ import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("e2e-sign-in")

CONFIG = """
[[projects]]
id = "site"
display_name = "Site"
passkey_enabled = true
"""
SITE = "http://localhost:3000"
# What the published packages do with the options: put their page's host in, hand them on.
CREATE = """async (options) => {
  options.rp.id = location.hostname;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}"""
GET = """async (options) => {
  options.rpId = location.hostname;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a server with a project that has passkeys."""
    folder = tmp_path_factory.mktemp("passkeys")
    with serving(folder, config=CONFIG, rate_limits="off") as served:
        yield served


def post(server: Served, path: str, token: str | None = None, **body: Any) -> httpx2.Response:
    headers = {"x-stack-access-type": "client", "x-stack-project-id": "site"}
    if token is not None:
        headers["x-stack-access-token"] = token
    return httpx2.post(f"{server.base}/api/v1/auth{path}", headers=headers, json=body)


@pytest.fixture
def page(window: "Page") -> "Page":
    """Return a page of the project's own, in a browser with an authenticator in it."""
    add_authenticator(window)
    window.route(f"{SITE}/**", lambda route: route.fulfill(body="<!doctype html>", status=200))
    window.goto(f"{SITE}/")
    return window


def test_a_passkey_that_chromium_made_signs_in_by_itself(server: Served, page: "Page") -> None:
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    ada = post(server, "/password/sign-up", email=email, password=password).json()
    token = ada["access_token"]
    making = post(server, "/passkey/initiate-passkey-registration", token).json()
    credential = page.evaluate(CREATE, making["options_json"])
    made = post(server, "/passkey/register", token, code=making["code"], credential=credential)
    assert (made.status_code, made.json()) == (200, {"user_handle": credential["id"]})
    for _ in range(2):
        using = post(server, "/passkey/initiate-passkey-authentication").json()
        shown = {
            "code": using["code"],
            "authentication_response": page.evaluate(GET, using["options_json"]),
        }
        answer = post(server, "/passkey/sign-in", **shown)
        assert answer.status_code == 200, answer.text
        assert answer.json()["user_id"] == ada["user_id"]
    again = post(server, "/passkey/sign-in", **shown)
    assert again.headers["x-stack-known-error"] == "VERIFICATION_CODE_ALREADY_USED"
