"""Good requests about addresses and ways to sign in, for the test that every operation succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.server.authenticator_ import Authenticator
from tests.server.soft_authenticator_ import SoftAuthenticator
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of
from tests.server.stack.mailbox_ import CALLBACK, Mailbox

if TYPE_CHECKING:
    from tests.server.bad_input.test_documented_answers import Checked
    from tests.server.in_process_ import InProcess

API = "/api/v1"
ADA, AT_WORK, NEW = "ada@example.com", "ada@work.example", "new@example.com"


def of_ways_in(checked: Checked, server: InProcess) -> None:
    """Call every operation of contact channels, mailed codes, passwords, passkeys and TOTP."""
    api = Api.create(server, passkey_enabled=True)
    person = api.session_of(server.person(ADA, project_id=api.project.id).id)
    of_mailed_codes(checked, api)
    of_passwords(checked, api, person)
    person = of_second_factor(checked, api)
    of_passkeys(checked, api, person)
    of_channels(checked, api, person)
    of_proofs(checked, api, person)


def _post(
    checked: Checked, api: Api, path: str, body: Any = None, who: SignedIn | None = None
) -> Any:
    """Post to an operation that has no parameters in its path."""
    return checked.note(api.post(path, who.headers if who else None, json=body), API + path)


def of_mailed_codes(checked: Checked, api: Api) -> None:
    way = "/auth/otp/send-sign-in-code"
    _post(checked, api, way, {"email": ADA, "callback_url": CALLBACK})
    code = {"code": Mailbox(api.server, ADA).code()}
    _post(checked, api, "/auth/otp/sign-in/check-code", code)
    _post(checked, api, "/auth/otp/sign-in", code)


def of_passwords(checked: Checked, api: Api, person: SignedIn) -> None:
    """Give the person a first password, change it, and have it replaced by ``PASSWORD``."""
    mails = Mailbox(api.server, ADA)
    mails.new()
    way, first, second = "/auth/password", "a first password", "a second password"
    _post(checked, api, f"{way}/set", {"password": first}, person)
    _post(checked, api, f"{way}/update", {"old_password": first, "new_password": second}, person)
    _post(checked, api, f"{way}/send-reset-code", {"email": ADA, "callback_url": CALLBACK})
    code = {"code": mails.code()}
    _post(checked, api, f"{way}/reset/check-code", code)
    _post(checked, api, f"{way}/reset", {**code, "password": PASSWORD})


def of_second_factor(checked: Checked, api: Api) -> SignedIn:
    """Sign in with both factors."""
    body = {"email": ADA, "password": PASSWORD}
    person = api.signed_in(api.post("/auth/password/sign-in", json=body))
    app = Authenticator(api.server.clock)
    secret = {"totp_secret_base64": app.secret_base64}
    assert api.send("PATCH", "/users/me", person.headers, json=secret).status_code == 200
    attempt = api.post("/auth/password/sign-in", json=body)
    assert code_of(attempt) == "MULTI_FACTOR_AUTHENTICATION_REQUIRED"
    code = attempt.json()["details"]["attempt_code"]
    _post(checked, api, "/auth/mfa/sign-in", {"type": "totp", "totp": app.shows(), "code": code})
    taken = {"totp_secret_base64": None}
    assert api.send("PATCH", "/users/me", person.headers, json=taken).status_code == 200
    return person


def of_passkeys(checked: Checked, api: Api, person: SignedIn) -> None:
    way, key = "/auth/passkey", SoftAuthenticator()
    begun = _post(checked, api, f"{way}/initiate-passkey-registration", {}, person)
    credential = key.makes(begun["options_json"])
    made = {"code": begun["code"], "credential": credential}
    _post(checked, api, f"{way}/register", made, person)
    begun = _post(checked, api, f"{way}/initiate-passkey-authentication", {})
    response = key.signs(begun["options_json"])
    shown = {"code": begun["code"], "authentication_response": response}
    _post(checked, api, f"{way}/sign-in", shown)


def of_channels(checked: Checked, api: Api, person: SignedIn) -> None:
    body = {"user_id": "me", "value": AT_WORK, "type": "email", "used_for_auth": False}
    made = _post(checked, api, "/contact-channels", body, person)
    listed = api.get("/contact-channels?user_id=me", person.headers)
    checked.note(listed, f"{API}/contact-channels")
    one = f"/contact-channels/{person.user_id}/{made['id']}"
    template = f"{API}/contact-channels/{{user_id}}/{{contact_channel_id}}"
    checked.note(api.get(one, api.secret), template)
    changed = api.send("PATCH", one, person.headers, json={"used_for_auth": True})
    checked.note(changed, template)
    asked = api.post(
        f"{one}/send-verification-code", person.headers, json={"callback_url": CALLBACK}
    )
    checked.note(asked, template + "/send-verification-code")
    code = {"code": Mailbox(api.server, AT_WORK).code()}
    _post(checked, api, "/contact-channels/verify/check-code", code)
    _post(checked, api, "/contact-channels/verify", code)
    checked.note(api.send("DELETE", one, person.headers), template)


def of_proofs(checked: Checked, api: Api, person: SignedIn) -> None:
    """Have the primary address proved the older way, which names no channel."""
    moved = api.send("PATCH", "/users/me", person.headers, json={"primary_email": NEW})
    assert moved.status_code == 200, moved.text
    body = {"email": NEW, "callback_url": CALLBACK}
    _post(checked, api, "/contact-channels/send-verification-code", body, person)
    code = {"code": Mailbox(api.server, NEW).code()}
    assert api.post("/contact-channels/verify", json=code).status_code == 200
