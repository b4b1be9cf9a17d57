"""The second factor on the wire: asked for at every sign-in, and good for one."""

import asyncio
from typing import Any

import httpx2
import pytest

from keyturn.server.mfa import store
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of
from tests.server.stack.mailbox_ import Mailbox

EMAIL = "ada@example.com"
PATH = "/auth/mfa/sign-in"


@pytest.fixture
def server(shared_server: InProcess) -> InProcess:
    """Return the server of this file, a day later: no limit of another test is left."""
    shared_server.clock.advance(24 * 3600)
    return shared_server


@pytest.fixture
def app(clock: SetClock) -> Authenticator:
    return Authenticator(clock)


@pytest.fixture
def ada(api: Api, app: Authenticator) -> SignedIn:
    """Return somebody with a password and a second factor."""
    account = api.account(EMAIL)
    enabled = change(api, account, app.secret_base64)
    assert (enabled.status_code, enabled.json()["requires_totp_mfa"]) == (200, True)
    return account


def change(api: Api, who: SignedIn, secret: str | None) -> httpx2.Response:
    return api.send("PATCH", "/users/me", who.headers, json={"totp_secret_base64": secret})


def sign_in(api: Api, password: str = PASSWORD) -> httpx2.Response:
    return api.post("/auth/password/sign-in", json={"email": EMAIL, "password": password})


def attempt(api: Api) -> str:
    """Show the first factor; return the code that was given for it."""
    answer = sign_in(api)
    assert (answer.status_code, code_of(answer)) == (400, "MULTI_FACTOR_AUTHENTICATION_REQUIRED")
    assert answer.json()["details"].keys() == {"attempt_code"}
    found: str = answer.json()["details"]["attempt_code"]
    return found


def finish(api: Api, code: str, totp: str, **more: Any) -> httpx2.Response:
    return api.post(PATH, json={"type": "totp", "totp": totp, "code": code, **more})


@pytest.mark.proves("S-2")
def test_a_password_alone_gives_an_attempt_and_both_factors_a_session(
    api: Api, ada: SignedIn, app: Authenticator
) -> None:
    code = attempt(api)
    assert len(code) == 45
    answer = finish(api, code, app.shows())
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "refresh_token", "is_new_user", "user_id"}
    assert (answer.json()["user_id"], answer.json()["is_new_user"]) == (ada.user_id, False)
    me = api.get("/users/me", api.with_token(answer.json()["access_token"])).json()
    assert me["requires_totp_mfa"] is True
    renewed = api.post(
        "/auth/sessions/current/refresh",
        {**api.client, "x-stack-refresh-token": answer.json()["refresh_token"]},
    )
    assert renewed.status_code == 200


def test_a_mailed_code_alone_gives_an_attempt_as_well(
    api: Api, ada: SignedIn, app: Authenticator
) -> None:
    verified = {"primary_email_verified": True}
    api.send("PATCH", f"/users/{ada.user_id}", api.secret, json=verified)
    mailbox = Mailbox(api.server, EMAIL)
    mailbox.new()
    body = {"email": EMAIL, "callback_url": "http://localhost:12345/in"}
    api.post("/auth/otp/send-sign-in-code", json=body)
    answer = api.post("/auth/otp/sign-in", json={"code": mailbox.code()})
    assert code_of(answer) == "MULTI_FACTOR_AUTHENTICATION_REQUIRED"
    finished = finish(api, answer.json()["details"]["attempt_code"], app.shows())
    assert finished.json()["user_id"] == ada.user_id


@pytest.mark.proves("T-10")
@pytest.mark.usefixtures("ada")
def test_digits_open_once_whatever_the_attempt(
    api: Api, app: Authenticator, clock: SetClock
) -> None:
    first, second = attempt(api), attempt(api)
    digits = app.shows()
    assert finish(api, first, digits).status_code == 200
    replayed = finish(api, second, digits)
    assert (replayed.status_code, code_of(replayed)) == (400, "INVALID_TOTP_CODE")
    earlier = finish(api, second, app.shows(steps=-1))
    assert code_of(earlier) == "INVALID_TOTP_CODE"
    used = finish(api, first, app.shows(steps=1))
    assert (used.status_code, code_of(used)) == (409, "VERIFICATION_CODE_ALREADY_USED")
    clock.advance(30)
    assert finish(api, second, app.shows()).status_code == 200


@pytest.mark.usefixtures("ada")
def test_of_many_who_bring_the_same_digits_at_once_one_signs_in(
    api: Api, app: Authenticator
) -> None:
    attempts = [attempt(api) for _ in range(4)]

    async def race() -> list[int]:
        async with api.server.client() as client:
            bodies = [{"type": "totp", "totp": app.shows(), "code": code} for code in attempts]
            answers = await asyncio.gather(
                *(client.post(f"/api/v1{PATH}", headers=api.client, json=b) for b in bodies)
            )
        return sorted(answer.status_code for answer in answers)

    assert api.server.run(race()) == [200, 400, 400, 400]


@pytest.mark.usefixtures("ada")
def test_an_attempt_ends_after_five_minutes_and_after_five_wrong_codes(
    api: Api, app: Authenticator, clock: SetClock
) -> None:
    late = attempt(api)
    clock.advance(300)
    assert code_of(finish(api, late, app.shows())) == "VERIFICATION_CODE_EXPIRED"
    code = attempt(api)
    said = [code_of(finish(api, code, app.wrong())) for _ in range(6)]
    assert said == ["INVALID_TOTP_CODE"] * 5 + ["VERIFICATION_CODE_MAX_ATTEMPTS_REACHED"]
    assert code_of(finish(api, code, app.shows())) == "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED"
    assert finish(api, "0" * 45, app.shows()).status_code == 404


@pytest.mark.proves("T-10")
@pytest.mark.usefixtures("ada")
def test_a_new_attempt_or_address_begins_no_new_count(
    api: Api, app: Authenticator, clock: SetClock
) -> None:
    for number in range(10):
        body = {"type": "totp", "totp": app.wrong(), "code": attempt(api)}
        answer = api.post(PATH, json=body, ip=f"203.0.113.{number}")
        assert code_of(answer) == "INVALID_TOTP_CODE"
    right = finish(api, attempt(api), app.shows())
    assert (right.status_code, "retry-after" in right.headers) == (429, True)
    clock.advance(601)
    assert finish(api, attempt(api), app.shows()).status_code == 200


@pytest.mark.proves("S-24", "T-13")
def test_an_attempt_ends_with_the_password_and_the_account(
    api: Api, ada: SignedIn, app: Authenticator
) -> None:
    code = attempt(api)
    path = f"/users/{ada.user_id}"
    api.send("PATCH", path, api.secret, json={"password": "another good password"})
    answer = finish(api, code, app.shows())
    assert (answer.status_code, code_of(answer)) == (404, "VERIFICATION_CODE_NOT_FOUND")
    api.send("PATCH", path, api.secret, json={"password": PASSWORD})
    code = attempt(api)
    api.disable(ada.user_id)
    assert code_of(finish(api, code, app.shows())) == "VERIFICATION_CODE_NOT_FOUND"


@pytest.mark.proves("T-13")
def test_an_attempt_is_good_in_its_own_project_and_for_its_own_user(
    api: Api, ada: SignedIn, app: Authenticator, server: InProcess
) -> None:
    code = attempt(api)
    other = Api.create(server)
    assert code_of(finish(other, code, app.shows())) == "VERIFICATION_CODE_NOT_FOUND"
    change(api, ada, None)
    without = finish(api, code, app.shows())
    assert code_of(without) == "INVALID_TOTP_CODE"


def test_who_has_no_second_factor_any_more_signs_in_without(api: Api, ada: SignedIn) -> None:
    disabled = change(api, ada, None)
    assert disabled.json()["requires_totp_mfa"] is False
    assert sign_in(api).status_code == 200


def test_the_same_secret_again_does_not_open_twice_and_another_begins_anew(
    api: Api, ada: SignedIn, app: Authenticator, clock: SetClock
) -> None:
    digits = app.shows()
    assert finish(api, attempt(api), digits).status_code == 200
    change(api, ada, app.secret_base64)
    assert code_of(finish(api, attempt(api), digits)) == "INVALID_TOTP_CODE"
    other = Authenticator(clock)
    change(api, ada, other.secret_base64)
    assert code_of(finish(api, attempt(api), app.shows(steps=1))) == "INVALID_TOTP_CODE"
    assert finish(api, attempt(api), other.shows()).status_code == 200


def test_a_server_gives_and_takes_second_factors(api: Api, app: Authenticator) -> None:
    body = {"primary_email": EMAIL, "password": PASSWORD, "totp_secret_base64": app.secret_base64}
    made = api.post("/users", api.secret, json=body).json()
    assert made["requires_totp_mfa"] is True
    assert "totp_secret_base64" not in made
    assert finish(api, attempt(api), app.shows()).status_code == 200
    path = f"/users/{made['id']}"
    untouched = api.send("PATCH", path, api.secret, json={"display_name": "Ada"}).json()
    assert untouched["requires_totp_mfa"] is True
    taken = api.send("PATCH", path, api.secret, json={"totp_secret_base64": None}).json()
    assert taken["requires_totp_mfa"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"totp": "123456", "code": "0" * 45},
        {"type": "sms", "totp": "123456", "code": "0" * 45},
        {"type": "totp", "totp": 123456, "code": "0" * 45},
        {"type": "totp", "totp": "1" * 33, "code": "0" * 45},
        {"type": "totp", "totp": "123456", "code": "short"},
    ],
)
def test_wrong_members_are_schema_errors(api: Api, body: dict[str, Any]) -> None:
    assert code_of(api.post(PATH, json=body)) == "SCHEMA_ERROR"


@pytest.mark.parametrize("secret", ["", "not base64!", "c2hvcnQ=", "QUFB" * 60])
def test_what_is_no_secret_is_a_schema_error_that_does_not_repeat_it(api: Api, secret: str) -> None:
    answer = change(api, api.person(), secret)
    assert code_of(answer) == "SCHEMA_ERROR"
    assert not secret or secret not in answer.text


@pytest.mark.proves("T-9")
def test_the_secret_is_nowhere_in_the_database(api: Api, ada: SignedIn, app: Authenticator) -> None:
    totp = api.server.run(api.server.services.storage.read(store.of_user, ada.user_id))
    assert totp.sealed is not None
    assert app.secret not in totp.sealed
    assert app.secret_base64.encode() not in totp.sealed
    assert "sealed" not in repr(totp)
