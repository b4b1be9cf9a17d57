"""What somebody planted in a guest, or in an account of another's address, opens nothing later."""

from collections.abc import Callable

import pytest

from keyturn.server.projects.providers import Provider
from keyturn.server.sessions.rules import Origin
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess, SetClock
from tests.server.person_ import last_mailed_link
from tests.server.soft_authenticator_ import SoftAuthenticator
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of
from tests.server.stack.mailbox_ import Mailbox
from tests.server.stack.providers_ import account_of
from tests.server.stack.test_passkeys import registered
from tests.server.stack.test_passkeys import sign_in as sign_in_with

THIEF, OWNER = "thief@example.com", "owner@example.com"


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with every way in."""
    work = Provider(id="work", type="openid", client_id="c", issuer="https://id.example")
    return Api.create(
        server, passkey_enabled=True, allow_user_api_keys=True, oauth_providers=(work,)
    )


def planted(
    api: Api, app: Authenticator, email: str | None = None
) -> tuple[SignedIn, SoftAuthenticator, str]:
    """Return a guest, or an account, that somebody has given every way in; its passkey and key."""
    guest = api.account(email) if email else api.guest()
    key = registered(api, guest)
    if not email:
        factor = {"totp_secret_base64": app.secret_base64}
        assert api.send("PATCH", "/users/me", guest.headers, json=factor).status_code == 200
    address = {"user_id": "me", "type": "email", "value": THIEF, "used_for_auth": True}
    assert api.post("/contact-channels", guest.headers, json=address).status_code == 201
    made = api.post("/user-api-keys", guest.headers, json={"user_id": "me", "description": "Mine"})
    assert made.status_code == 200, made.text
    account_of(api, guest.user_id)
    return guest, key, made.json()["value"]


def with_password(api: Api, guest: SignedIn) -> None:
    body = {"email": OWNER, "password": PASSWORD}
    assert api.post("/auth/password/sign-up", guest.headers, json=body).status_code == 200


def with_mailed_code(api: Api, guest: SignedIn) -> None:
    body = {"email": OWNER, "callback_url": "http://localhost:3000/"}
    api.post("/auth/otp/send-sign-in-code", guest.headers, json=body)
    body = {"code": Mailbox(api.server, OWNER).code()}
    assert api.post("/auth/otp/sign-in", guest.headers, json=body).status_code == 200


def by_server(api: Api, guest: SignedIn) -> None:
    body = {"is_anonymous": False, "primary_email": OWNER, "password": PASSWORD}
    path = f"/users/{guest.user_id}"
    assert api.send("PATCH", path, api.secret, json=body).status_code == 200


@pytest.mark.proves("S-9", "T-7")
@pytest.mark.parametrize("upgrade", [with_password, with_mailed_code, by_server])
def test_nothing_that_was_planted_in_a_guest_opens_the_account_it_became(
    api: Api, clock: SetClock, upgrade: Callable[[Api, SignedIn], None]
) -> None:
    guest, key, api_key = planted(api, Authenticator(clock))
    upgrade(api, guest)
    assert code_of(sign_in_with(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"
    checked = api.post("/user-api-keys/check", api.secret, json={"api_key": api_key})
    assert code_of(checked) == "API_KEY_REVOKED"
    assert code_of(api.get("/users/me", guest.headers)) == "ACCESS_TOKEN_EXPIRED"
    user = api.get(f"/users/{guest.user_id}", api.secret).json()
    assert (user["primary_email"], user["is_anonymous"]) == (OWNER, False)
    assert (user["requires_totp_mfa"], user["passkey_auth_enabled"]) == (False, False)
    assert user["oauth_providers"] == []
    channels = api.get(f"/contact-channels?user_id={guest.user_id}", api.secret).json()["items"]
    assert [channel["value"] for channel in channels] == [OWNER]


def test_what_a_server_gives_together_with_the_upgrade_stays(api: Api, clock: SetClock) -> None:
    guest, app = api.guest(), Authenticator(clock)
    body = {"is_anonymous": False, "totp_secret_base64": app.secret_base64}
    upgraded = api.send("PATCH", f"/users/{guest.user_id}", api.secret, json=body).json()
    assert (upgraded["is_anonymous"], upgraded["requires_totp_mfa"]) == (False, True)


def by_link(api: Api) -> None:
    server, email = api.server, OWNER
    server.run(
        server.services.signin.send_link(
            api.project,
            email=email,
            continue_to=None,
            browser_hash=b"",
            counted_ip=None,
            base=server.settings.issuer,
        )
    )
    token = last_mailed_link(server).partition("token=")[2]
    finish = server.services.signin.finish_link
    finished = server.run(finish(api.project, token, origin=Origin()))
    assert finished is not None


def by_reset(api: Api) -> None:
    body = {"email": OWNER, "callback_url": "http://localhost:3000/"}
    api.post("/auth/password/send-reset-code", json=body)
    body = {"code": Mailbox(api.server, OWNER).code(), "password": "the owner's own"}
    assert api.post("/auth/password/reset", json=body).status_code == 200


@pytest.mark.proves("S-9", "T-7")
@pytest.mark.parametrize("claim", [by_link, by_reset])
def test_who_first_proves_an_address_shares_its_account_with_nobody_who_signed_up_with_it(
    api: Api, clock: SetClock, claim: Callable[[Api], None]
) -> None:
    thief, key, api_key = planted(api, Authenticator(clock), OWNER)
    claim(api)
    assert code_of(sign_in_with(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"
    checked = api.post("/user-api-keys/check", api.secret, json={"api_key": api_key})
    assert code_of(checked) == "API_KEY_REVOKED"
    assert code_of(api.get("/users/me", thief.headers)) == "ACCESS_TOKEN_EXPIRED"
    body = {"email": OWNER, "password": PASSWORD}
    assert code_of(api.post("/auth/password/sign-in", json=body)) == "EMAIL_PASSWORD_MISMATCH"
    user = api.get(f"/users/{thief.user_id}", api.secret).json()
    assert user["primary_email_verified"] is True


def test_who_has_proved_it_keeps_everything_and_is_told_nothing_of_it(
    api: Api, clock: SetClock
) -> None:
    ada, _, api_key = planted(api, Authenticator(clock), OWNER)
    proof = {"primary_email_verified": True}
    assert api.send("PATCH", f"/users/{ada.user_id}", api.secret, json=proof).status_code == 200
    by_link(api)
    assert api.get("/users/me", ada.headers).status_code == 200
    checked = api.post("/user-api-keys/check", api.secret, json={"api_key": api_key})
    assert checked.status_code == 200


def test_a_further_address_that_nobody_proved_hands_over_nothing(api: Api) -> None:
    thief = api.account(THIEF)
    address = {"user_id": "me", "type": "email", "value": OWNER, "used_for_auth": True}
    assert api.post("/contact-channels", thief.headers, json=address).status_code == 201
    box = Mailbox(api.server, OWNER)
    body = {"email": OWNER, "callback_url": "http://localhost:3000/"}
    assert api.post("/auth/password/send-reset-code", json=body).status_code == 200
    assert box.new() == []
