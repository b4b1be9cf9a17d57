"""Every kind of code at every door that takes another: refused, and as good as before (T-13).

All codes are alive and of one account, so the kind is the only thing wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.server.bad_input.kinds_ import CLIENT_HEADERS, SETTINGS, Held, hold_everything
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import poll, redeem, refresh, request_params
from tests.server.oauth.registering_ import NATIVE
from tests.server.person_ import Person

# The last test asks what is left of the codes after all others.
pytestmark = pytest.mark.xdist_group("code kinds")

Door = Callable[[Held, str], httpx2.Response]
Check = Callable[[httpx2.Response], bool]
API = "/api/v1"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    server = InProcess(tmp_path_factory.mktemp("kinds") / "data", **SETTINGS)
    yield hold_everything(server)
    server.close()


def stack(held: Held, path: str, body: Any = None, **headers: str) -> httpx2.Response:
    named = {"x-stack-" + name.replace("_", "-"): value for name, value in headers.items()}
    return held.server.post(API + path, json=body or {}, headers={**CLIENT_HEADERS, **named})


def oauth_error(code: str, status: int = 400) -> Check:
    return lambda answer: (answer.status_code, answer.json()["error"]) == (status, code)


def known_error(code: str, status: int) -> Check:
    return lambda answer: (answer.status_code, answer.json()["code"]) == (status, code)


def text(words: str) -> Check:
    return lambda answer: (answer.status_code, answer.text) == (400, words)


def told(code: str) -> Check:
    return lambda answer: parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [code]


def hinted(held: Held, hint: str, *, client_id: str) -> httpx2.Response:
    asked = request_params(client_id=client_id, prompt="none", scope="openid", id_token_hint=hint)
    return held.server.get(f"/oauth/authorize?{urlencode(asked)}")


def at_the_token_endpoint(
    held: Held, secret: str, *, client_id: str = "confidential"
) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client_id}
    return held.server.post("/oauth/token", data={**form, "client_secret": secret})


def at_the_legacy_token_endpoint(held: Held, **members: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "client_id": "default", "refresh_token": "x"}
    return held.server.post(f"{API}/auth/oauth/token", data={**form, **members})


def project_with(held: Held, access: str, header: str, key: str) -> httpx2.Response:
    headers = {"x-stack-access-type": access, "x-stack-project-id": "default", header: key}
    return held.server.get(f"{API}/projects/current", headers=headers)


def me(held: Held, token: str) -> httpx2.Response:
    headers = {**CLIENT_HEADERS, "x-stack-access-token": token}
    return held.server.get(f"{API}/users/me", headers=headers)


def with_session_cookie(held: Held, token: str) -> httpx2.Response:
    return held.server.get("/sessions", headers={"cookie": f"keyturn_session_default={token}"})


def with_cookie_of(held: Held, path: str, cookie: str) -> httpx2.Response:
    return held.server.get(path, headers={"cookie": cookie})


def no_mailed_code(answer: httpx2.Response) -> bool:
    """Say whether it was refused: another length is no code, the right one is not known."""
    refused = (answer.status_code, answer.json().get("code"))
    return refused in {(400, "SCHEMA_ERROR"), (404, "VERIFICATION_CODE_NOT_FOUND")}


def signed_in(held: Held, path: str, **body: Any) -> httpx2.Response:
    return stack(held, path, body, access_token=held.codes["Stack access token"])


def somebody_else(held: Held) -> Person:
    """Return a fresh account's browser: guesses are counted by account, and by address."""
    other = Person(held.server)
    other.cookies["keyturn_session_default"] = held.server.browser(held.server.person())[1]
    held.server.clock.advance(0.001)
    return other


_ADDRESSES = iter(f"198.51.100.{n}" for n in range(1, 250))


def typed_as_user_code(held: Held, code: str) -> httpx2.Response:
    person = somebody_else(held)
    person.ip = next(_ADDRESSES)
    person.open("/device")
    form = {"form_token": person.form("/device")["form_token"], "user_code": code}
    headers = {**person.cookie_header(), "origin": BASE_URL}
    return held.server.post("/device", data=form, headers=headers, ip=person.ip)


def opened_as_mailed_link(held: Held, token: str) -> httpx2.Response:
    person = Person(held.server)
    person.open("/sign-in")
    form_token = person.form("/sign-in")["form_token"]
    headers = {"cookie": f"{person.cookie_header()['cookie']}; keyturn_link={token}"}
    answer = held.server.post(
        "/sign-in/link/finish",
        data={"form_token": form_token},
        headers={**headers, "origin": BASE_URL},
    )
    assert "keyturn_session" not in answer.headers.get("set-cookie", "")
    return answer


def opened_as_login_code(held: Held, code: str) -> httpx2.Response:
    person = somebody_else(held)
    person.open(f"/handler/cli-auth-confirm?login_code={code}")
    return person.page


def posted_with_token(held: Held, path: str, token: str) -> httpx2.Response:
    headers = {**held.browser.cookie_header(), "origin": BASE_URL}
    form = {"form_token": token, "decision": "approve", "session": "x"}
    return held.server.post(path, data=form, headers=headers)


NOT_OPEN = "Invalid login code or the code has expired"
SPENT = known_error("REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED", 401)
# Each door: how to knock, which kinds are its own, how it refuses all others.
DOORS: dict[str, tuple[Door, set[str], Check]] = {
    "authorization code grant": (
        lambda held, code: redeem(held.server, code),
        {"authorization code"},
        oauth_error("invalid_grant"),
    ),
    "device grant": (
        lambda held, code: poll(held.server, code),
        {"device code"},
        oauth_error("invalid_grant"),
    ),
    "refresh grant": (
        lambda held, code: refresh(held.server, code),
        {"OAuth refresh token"},
        oauth_error("invalid_grant"),
    ),
    "revocation": (
        lambda held, code: held.server.post(
            "/oauth/revoke", data={"client_id": "keyturn-cli", "token": code}
        ),
        {"OAuth refresh token", "OAuth access token"},
        lambda answer: (answer.status_code, answer.content) == (200, b""),
    ),
    "introspection": (
        lambda held, code: held.server.post(
            "/oauth/introspect", data={"client_id": "keyturn-cli", "token": code}
        ),
        {"OAuth refresh token", "OAuth access token"},
        lambda answer: (answer.status_code, answer.json()) == (200, {"active": False}),
    ),
    "userinfo": (
        lambda held, code: held.server.get(
            "/oauth/userinfo", headers={"authorization": f"Bearer {code}"}
        ),
        {"OAuth access token"},
        oauth_error("invalid_token", 401),
    ),
    "hint": (
        lambda held, code: hinted(held, code, client_id="keyturn-cli"),
        {"ID token"},
        told("invalid_request"),
    ),
    "hint to another client": (
        lambda held, code: hinted(held, code, client_id="elliptic"),
        {"ID token of an access token's key"},
        told("invalid_request"),
    ),
    "registration": (
        lambda held, code: held.server.post(
            "/oauth/register", json=NATIVE, headers={"authorization": f"Bearer {code}"}
        ),
        {"initial access token"},
        oauth_error("invalid_token", 401),
    ),
    "a registered client's own address": (
        lambda held, code: held.server.get(
            f"/oauth/register/{held.registered}", headers={"authorization": f"Bearer {code}"}
        ),
        {"registration token"},
        oauth_error("invalid_token", 401),
    ),
    "registered client secret": (
        lambda held, code: at_the_token_endpoint(held, code, client_id=held.registered),
        {"registered secret"},
        oauth_error("invalid_client", 401),
    ),
    "acknowledgement": (
        lambda held, code: held.server.post(
            "/oauth/ack", headers={"authorization": f"Bearer {code}"}
        ),
        {"OAuth access token"},
        oauth_error("invalid_token", 401),
    ),
    "client secret": (at_the_token_endpoint, {"client secret"}, oauth_error("invalid_client", 401)),
    "refresh header": (
        lambda held, code: stack(held, "/auth/sessions/current/refresh", refresh_token=code),
        {"Stack refresh token"},
        SPENT,
    ),
    "legacy refresh grant": (
        lambda held, code: at_the_legacy_token_endpoint(held, refresh_token=code),
        {"Stack refresh token"},
        SPENT,
    ),
    "legacy client secret": (
        lambda held, code: at_the_legacy_token_endpoint(held, client_secret=code),
        {"publishable key"},
        known_error("INVALID_OAUTH_CLIENT_ID_OR_SECRET", 400),
    ),
    "access token header": (
        me,
        {"Stack access token"},
        known_error("UNPARSABLE_ACCESS_TOKEN", 401),
    ),
    "publishable key header": (
        lambda held, key: project_with(held, "client", "x-stack-publishable-client-key", key),
        {"publishable key"},
        known_error("INVALID_PUBLISHABLE_CLIENT_KEY", 401),
    ),
    "secret key header": (
        lambda held, key: project_with(held, "server", "x-stack-secret-server-key", key),
        {"secret key"},
        known_error("INVALID_SECRET_SERVER_KEY", 401),
    ),
    "admin key header": (
        lambda held, key: project_with(held, "admin", "x-stack-super-secret-admin-key", key),
        {"admin key"},
        known_error("INVALID_SUPER_SECRET_ADMIN_KEY", 401),
    ),
    "poll": (
        lambda held, code: stack(held, "/auth/cli/poll", {"polling_code": code}),
        {"polling code"},
        known_error("INVALID_POLLING_CODE", 400),
    ),
    "check": (
        lambda held, code: stack(held, "/auth/cli/complete", {"login_code": code, "mode": "check"}),
        {"login code"},
        text(NOT_OPEN),
    ),
    "claim": (
        lambda held, code: stack(
            held, "/auth/cli/complete", {"login_code": code, "mode": "claim-anon-session"}
        ),
        {"login code"},
        text(NOT_OPEN),
    ),
    "complete": (
        lambda held, code: stack(
            held, "/auth/cli/complete", {"login_code": code, "refresh_token": "x"}
        ),
        {"login code"},
        text(NOT_OPEN),
    ),
    "complete with a token": (
        lambda held, code: stack(
            held,
            "/auth/cli/complete",
            {"login_code": held.codes["login code"], "refresh_token": code},
        ),
        {"Stack refresh token"},
        text("Invalid refresh token"),
    ),
    "start with a guest's token": (
        lambda held, code: stack(held, "/auth/cli", {"anon_refresh_token": code}),
        {"Stack refresh token"},
        text("Invalid anon refresh token"),
    ),
    "session cookie": (
        with_session_cookie,
        {"browser cookie"},
        lambda answer: answer.headers.get("location") == "/sign-in?continue=%2Fsessions",
    ),
    "typed code": (
        typed_as_user_code,
        {"user code"},
        lambda answer: "location" not in answer.headers and answer.status_code == 422,
    ),
    "mailed link": (
        opened_as_mailed_link,
        {"mail link token"},
        lambda answer: "location" not in answer.headers and answer.status_code == 200,
    ),
    "mailed sign-in code": (
        lambda held, code: stack(held, "/auth/otp/sign-in", {"code": code}),
        {"sign-in code"},
        no_mailed_code,
    ),
    "look at a sign-in code": (
        lambda held, code: stack(held, "/auth/otp/sign-in/check-code", {"code": code}),
        {"sign-in code"},
        no_mailed_code,
    ),
    "mailed reset code": (
        lambda held, code: stack(
            held, "/auth/password/reset", {"code": code, "password": "a brand new password"}
        ),
        {"password reset code"},
        no_mailed_code,
    ),
    "look at a reset code": (
        lambda held, code: stack(held, "/auth/password/reset/check-code", {"code": code}),
        {"password reset code"},
        no_mailed_code,
    ),
    "page of a reset code": (
        lambda held, code: with_cookie_of(held, "/password/reset/new", f"keyturn_reset={code}"),
        {"password reset code"},
        lambda answer: "That link no longer works" in answer.text,
    ),
    "mailed verification code": (
        lambda held, code: stack(held, "/contact-channels/verify", {"code": code}),
        {"verification code"},
        no_mailed_code,
    ),
    "page of a verification code": (
        lambda held, code: with_cookie_of(held, "/verify-email/open", f"keyturn_verify={code}"),
        {"verification code"},
        lambda answer: "That link no longer works" in answer.text,
    ),
    "second factor": (
        lambda held, code: stack(
            held, "/auth/mfa/sign-in", {"type": "totp", "totp": "000000", "code": code}
        ),
        {"second factor attempt"},
        no_mailed_code,
    ),
    "page of a second factor": (
        lambda held, code: with_cookie_of(
            held, "/sign-in/second-factor", f"keyturn_second_factor={code}"
        ),
        {"browser's second factor attempt"},
        lambda answer: answer.headers.get("location") == "/sign-in?notice=second-factor-over",
    ),
    "passkey registration": (
        lambda held, code: signed_in(held, "/auth/passkey/register", code=code, credential={}),
        {"passkey registration code"},
        no_mailed_code,
    ),
    "passkey authentication": (
        lambda held, code: stack(
            held, "/auth/passkey/sign-in", {"code": code, "authentication_response": {}}
        ),
        {"passkey authentication code"},
        no_mailed_code,
    ),
    "invitation": (
        lambda held, code: signed_in(held, "/team-invitations/accept", code=code),
        {"invitation code"},
        no_mailed_code,
    ),
    "look at an invitation": (
        lambda held, code: stack(held, "/team-invitations/accept/check-code", {"code": code}),
        {"invitation code"},
        no_mailed_code,
    ),
    "confirm page": (
        opened_as_login_code,
        {"login code"},
        lambda answer: "This code does not work" in answer.text,
    ),
    "form": (
        lambda held, token: posted_with_token(held, "/sessions/end", token),
        {"form token"},
        lambda answer: answer.status_code == 403,
    ),
    "decision": (
        lambda held, token: posted_with_token(held, "/cli/decide", token),
        {"confirm page token"},
        lambda answer: answer.status_code == 403,
    ),
}


@pytest.mark.proves("T-13", "S-0c")
@pytest.mark.parametrize("door", DOORS)
def test_a_door_refuses_every_kind_but_its_own(held: Held, door: str) -> None:
    knock, own, refused = DOORS[door]
    assert own <= held.codes.keys()
    for kind in held.codes.keys() - own:
        answer = knock(held, held.codes[kind])
        assert answer.status_code < 500
        assert refused(answer), (kind, answer.status_code, answer.text[:300])


@pytest.mark.proves("T-13")
def test_after_all_that_every_code_still_opens_its_own_door(held: Held) -> None:
    codes, server = held.codes, held.server

    def knocked(door: str, kind: str) -> httpx2.Response:
        return DOORS[door][0](held, codes[kind])

    assert knocked("access token header", "Stack access token").json()["id"] == held.user.id
    assert knocked("userinfo", "OAuth access token").json()["sub"] == held.user.id
    assert told("login_required")(knocked("hint", "ID token"))
    elliptic = knocked("hint to another client", "ID token of an access token's key")
    assert told("login_required")(elliptic)
    assert knocked("registration", "initial access token").status_code == 201
    address = knocked("a registered client's own address", "registration token")
    assert address.json()["client_id"] == held.registered
    known = knocked("registered client secret", "registered secret")
    assert known.json()["error"] == "invalid_grant"
    assert knocked("acknowledgement", "OAuth access token").status_code == 204
    assert knocked("refresh header", "Stack refresh token").status_code == 200
    assert knocked("check", "login code").json() == {"cli_session_state": "none"}
    assert knocked("poll", "polling code").json() == {"status": "waiting"}
    assert knocked("complete with a token", "Stack refresh token").json() == {"success": True}
    assert knocked("poll", "polling code").status_code == 201
    assert knocked("authorization code grant", "authorization code").status_code == 200
    assert knocked("device grant", "device code").status_code == 200
    assert knocked("refresh grant", "OAuth refresh token").status_code == 200
    assert knocked("typed code", "user code").headers["location"] == "/device/confirm"
    assert knocked("look at an invitation", "invitation code").status_code == 200
    assert knocked("invitation", "invitation code").json() == {}
    for door, kind, code in (
        ("second factor", "second factor attempt", "INVALID_TOTP_CODE"),
        ("passkey registration", "passkey registration code", "PASSKEY_REGISTRATION_FAILED"),
        ("passkey authentication", "passkey authentication code", "PASSKEY_AUTHENTICATION_FAILED"),
    ):
        assert known_error(code, 400)(knocked(door, kind))
    page = knocked("page of a second factor", "browser's second factor attempt")
    assert "Type the code from your authenticator" in page.text
    assert knocked("session cookie", "browser cookie").status_code == 200
    assert knocked("form", "form token").status_code == 200
    assert knocked("client secret", "client secret").json()["error"] == "invalid_grant"
    for door, kind in (
        ("publishable key header", "publishable key"),
        ("secret key header", "secret key"),
        ("admin key header", "admin key"),
    ):
        assert knocked(door, kind).status_code == 200
    decided = knocked("decision", "confirm page token")
    assert decided.headers["location"].startswith("http://127.0.0.1:49152/callback?code=")
    person = Person(server)
    person.open(f"/sign-in/link?token={codes['mail link token']}")
    assert person.press("/sign-in/link/finish", follow=False).status_code == 303
    assert "Confirm" in knocked("page of a verification code", "verification code").text
    assert knocked("mailed verification code", "verification code").status_code == 200
    assert knocked("look at a sign-in code", "sign-in code").status_code == 200
    assert knocked("mailed sign-in code", "sign-in code").json()["user_id"] == held.user.id
    assert "Set password" in knocked("page of a reset code", "password reset code").text
    assert knocked("look at a reset code", "password reset code").status_code == 200
    assert knocked("mailed reset code", "password reset code").json() == {"success": True}
