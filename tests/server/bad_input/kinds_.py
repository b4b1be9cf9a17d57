"""Every kind of code and token that this server gives out, all of one account, all alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.server.in_process_ import BASE_URL
from tests.server.oauth.grants_ import (
    BROWSER_ORIGIN,
    approve,
    decide_device,
    redeem,
    signed_in,
    start_device,
)
from tests.server.oauth.registering_ import INITIAL, registered
from tests.server.person_ import Person, authorize_path, last_mailed_link
from tests.server.stack.mailbox_ import Mailbox

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from tests.server.in_process_ import InProcess

SETTINGS: dict[str, Any] = {
    "projects": [
        {
            "id": "default",
            "display_name": "Acme",
            "publishable_client_key": "pck_of_acme",
            "secret_server_key": "ssk_of_acme",
            "super_secret_admin_key": "sak_of_acme",
            "registration": "token",
            "initial_access_token": INITIAL,
            "passkey_enabled": True,
        }
    ],
    "clients": [
        {"id": "keyturn-cli", "project": "default"},
        {"id": "confidential", "project": "default", "secret": "cs_of_acme"},
        # Its ID tokens are signed with the key of access tokens.
        {"id": "elliptic", "project": "default", "id_token_signed_response_alg": "ES256"},
    ],
}
CLIENT_HEADERS = {"x-stack-access-type": "client", "x-stack-project-id": "default"}


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one person, their programs and their operator hold."""

    server: InProcess
    user: User
    browser: Person
    codes: dict[str, str]
    registered: str  # the id of the client that registered itself


def hold_everything(server: InProcess) -> Held:
    """Sign one person in through every door and keep a code of every kind, unused."""
    user = server.person("ada@example.com")
    browser = Person(server)
    browser.cookies["keyturn_session_default"] = server.browser(user)[1]
    browser.open("/sessions")
    registered, secrets = _of_registration(server)
    codes = {
        "browser cookie": browser.cookies["keyturn_session_default"],
        "form token": browser.form("/sign-out")["form_token"],
        "publishable key": "pck_of_acme",
        "secret key": "ssk_of_acme",
        "admin key": "sak_of_acme",
        "client secret": "cs_of_acme",
        **_of_oauth(server, user),
        **_of_stack(server, user),
        **_of_mail(server),
        **_of_mailed_codes(server, user),
        **_of_ceremonies(server, user),
        **secrets,
    }
    browser.open(authorize_path())
    codes["confirm page token"] = browser.form("/cli/decide")["form_token"]
    return Held(server=server, user=user, browser=browser, codes=codes, registered=registered)


def _of_oauth(server: InProcess, user: User) -> dict[str, str]:
    tokens = signed_in(server, user)
    other = approve(server, user, None, client_id="elliptic")
    elliptic = redeem(server, other, client_id="elliptic").json()
    started = start_device(server)
    assert decide_device(server, started["user_code"], user) == "approved"
    return {
        "authorization code": approve(server, user),
        "device code": started["device_code"],
        "user code": start_device(server)["user_code"],
        "OAuth refresh token": tokens["refresh_token"],
        "OAuth access token": tokens["access_token"],
        "ID token": tokens["id_token"],
        "ID token of an access token's key": elliptic["id_token"],
    }


def _of_registration(server: InProcess) -> tuple[str, dict[str, str]]:
    made = registered(server, token=INITIAL, token_endpoint_auth_method="client_secret_post")
    secrets = {
        "initial access token": INITIAL,
        "registration token": made["registration_access_token"],
        "registered secret": made["client_secret"],
    }
    return made["client_id"], secrets


def _of_stack(server: InProcess, user: User) -> dict[str, str]:
    tokens = server.run(
        server.services.stack_tokens.begin(server.project, user, origin=BROWSER_ORIGIN)
    )
    attempt = server.post("/api/v1/auth/cli", headers=CLIENT_HEADERS).json()
    return {
        "Stack refresh token": tokens.refresh_token,
        "Stack access token": tokens.access_token,
        "login code": attempt["login_code"],
        "polling code": attempt["polling_code"],
    }


def _of_mail(server: InProcess) -> dict[str, str]:
    person = Person(server)
    person.open("/sign-in")
    person.press("/sign-in", instead="/sign-in/link", email="ada@example.com")
    return {"mail link token": parse_qs(urlsplit(last_mailed_link(server)).query)["token"][0]}


def _of_mailed_codes(server: InProcess, user: User) -> dict[str, str]:
    known, work = Mailbox(server, "ada@example.com"), Mailbox(server, "ada@work.example")
    known.new()  # other kinds' mails
    secret = {**CLIENT_HEADERS, "x-stack-access-type": "server"}
    secret["x-stack-secret-server-key"] = "ssk_of_acme"
    channel = {
        "user_id": user.id,
        "value": work.address,
        "type": "email",
        "used_for_auth": False,
    }
    made = server.post("/api/v1/contact-channels", json=channel, headers=secret).json()

    def send(path: str, mails: Mailbox, headers: dict[str, str], **body: str) -> str:
        callback = {"callback_url": f"{BASE_URL}/back"}
        answer = server.post(f"/api/v1{path}", json={**body, **callback}, headers=headers)
        assert answer.status_code == 200, answer.text
        return mails.code()

    verify = f"/contact-channels/{user.id}/{made['id']}/send-verification-code"
    return {
        "sign-in code": send(
            "/auth/otp/send-sign-in-code", known, CLIENT_HEADERS, email=known.address
        ),
        "password reset code": send(
            "/auth/password/send-reset-code", known, CLIENT_HEADERS, email=known.address
        ),
        "verification code": send(verify, work, secret),
    }


def _of_ceremonies(server: InProcess, user: User) -> dict[str, str]:
    """Begin everything that is finished with a code: second factors, passkeys, an invitation."""
    tokens = server.run(
        server.services.stack_tokens.begin(server.project, user, origin=BROWSER_ORIGIN)
    )
    signed_in = {**CLIENT_HEADERS, "x-stack-access-token": tokens.access_token}
    secret = {**CLIENT_HEADERS, "x-stack-access-type": "server"}
    secret["x-stack-secret-server-key"] = "ssk_of_acme"

    def passkey_code(what: str) -> str:
        answer = server.post(f"/api/v1/auth/passkey/initiate-passkey-{what}", headers=signed_in)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["code"]
        return found

    team = server.post("/api/v1/teams", json={"display_name": "Engines"}, headers=secret).json()
    invited = Mailbox(server, "ada@team.example")
    body = {"team_id": team["id"], "email": invited.address, "callback_url": f"{BASE_URL}/back"}
    server.post("/api/v1/team-invitations/send-code", json=body, headers=secret)
    second_factor = server.services.second_factor
    return {
        "second factor attempt": server.run(second_factor.begin(user, "stack")),
        "browser's second factor attempt": server.run(second_factor.begin(user, "browser")),
        "passkey registration code": passkey_code("registration"),
        "passkey authentication code": passkey_code("authentication"),
        "invitation code": invited.code(),
    }
