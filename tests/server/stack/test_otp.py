"""Signing in and up with a mailed code: by its link, or by six characters and their nonce."""

import asyncio
from typing import Any

import httpx2
import pytest

from keyturn.server.one_time.service import LENGTH, MOST_GUESSES, SHORT_LENGTH
from keyturn.server.otp.service import SIGN_IN_MINUTES
from keyturn.server.projects import store as projects
from keyturn.server.projects.rules import ProjectConfig
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, code_of
from tests.server.stack.mailbox_ import CALLBACK, Mailbox, code_in, link_in

SEND, SIGN_IN = "/auth/otp/send-sign-in-code", "/auth/otp/sign-in"
CHECK = "/auth/otp/sign-in/check-code"
ADA = "ada@example.com"


def send(api: Api, email: str = ADA, url: str = CALLBACK) -> httpx2.Response:
    return api.post(SEND, json={"email": email, "callback_url": url})


def mailed_code(api: Api, email: str = ADA) -> str:
    answer = send(api, email)
    assert answer.status_code == 200, answer.text
    return Mailbox(api.server, email).code()


def sign_in(api: Api, code: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    return api.post(SIGN_IN, headers, json={"code": code})


def wrong(code: str) -> str:
    return ("aaaaaa" if not code.startswith("aaaaaa") else "bbbbbb") + code[SHORT_LENGTH:]


@pytest.mark.proves("S-54", "T-10")
def test_six_typed_characters_and_the_nonce_sign_a_new_person_up(api: Api) -> None:
    answer = send(api, "Ada@example.com")
    [nonce] = answer.json().values()
    assert answer.json().keys() == {"nonce"}
    [message] = Mailbox(api.server, "Ada@example.com").new()
    code = code_in(message)
    assert (len(code), code[SHORT_LENGTH:]) == (LENGTH, nonce)
    typed = message["Subject"].removeprefix("Sign in to Engines: your code is ")
    assert typed == code[:SHORT_LENGTH].upper()
    assert link_in(message).startswith("http://localhost:12345/verify?then=home&code=")
    found = sign_in(api, typed + nonce)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body.keys() == {"access_token", "refresh_token", "is_new_user", "user_id"}
    assert body["is_new_user"] is True
    me = api.get("/users/me", api.with_token(body["access_token"])).json()
    assert (me["id"], me["primary_email"]) == (body["user_id"], "Ada@example.com")
    assert (me["primary_email_verified"], me["otp_auth_enabled"]) == (True, True)
    assert (me["has_password"], me["auth_with_email"]) == (False, True)
    refreshed = {**api.client, "x-stack-refresh-token": body["refresh_token"]}
    assert api.post("/auth/sessions/current/refresh", refreshed).status_code == 200
    again = sign_in(api, typed + nonce)
    assert (again.status_code, code_of(again)) == (409, "VERIFICATION_CODE_ALREADY_USED")


def test_a_second_code_signs_the_same_person_in(api: Api) -> None:
    mails = Mailbox(api.server, ADA)
    send(api)
    first = mails.code()
    send(api)
    second = mails.code()
    made, found = sign_in(api, first).json(), sign_in(api, second).json()
    assert (made["is_new_user"], found["is_new_user"]) == (True, False)
    assert made["user_id"] == found["user_id"]


@pytest.mark.proves("S-9", "T-7")
def test_a_guest_becomes_the_account_and_older_tokens_end(api: Api) -> None:
    guest = api.guest()
    code = mailed_code(api)
    found = sign_in(api, code, guest.headers).json()
    assert (found["user_id"], found["is_new_user"]) == (guest.user_id, True)
    me = api.get("/users/me", api.with_token(found["access_token"])).json()
    assert (me["is_anonymous"], me["primary_email_verified"]) == (False, True)
    planted = {**api.client, "x-stack-refresh-token": guest.refresh_token}
    refused = api.post("/auth/sessions/current/refresh", planted)
    assert code_of(refused) == "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"


def test_a_guest_is_left_alone_when_the_address_has_an_account(api: Api) -> None:
    user = api.server.person(ADA, project_id=api.project.id)
    guest = api.guest()
    found = sign_in(api, mailed_code(api), guest.headers).json()
    assert (found["user_id"], found["is_new_user"]) == (user.id, False)
    assert api.get("/users/me", guest.headers).json()["is_anonymous"] is True


def test_any_verified_address_that_signs_in_does(api: Api) -> None:
    user = api.server.person(ADA, project_id=api.project.id)
    body = {
        "user_id": user.id,
        "value": "ada@work.example",
        "type": "email",
        "used_for_auth": True,
        "is_verified": True,
    }
    assert api.post("/contact-channels", api.secret, json=body).status_code == 201
    assert sign_in(api, mailed_code(api, "ada@work.example")).json()["user_id"] == user.id
    body |= {"value": "post@example.com", "used_for_auth": False}
    assert api.post("/contact-channels", api.secret, json=body).status_code == 201
    assert sign_in(api, mailed_code(api, "post@example.com")).json()["user_id"] != user.id


@pytest.mark.proves("T-10")
def test_guesses_are_counted_by_either_door_and_the_right_code_comes_too_late(api: Api) -> None:
    code = mailed_code(api)
    for number in range(MOST_GUESSES):
        path = (SIGN_IN, CHECK)[number % 2]
        refused = api.post(path, json={"code": wrong(code)})
        assert (refused.status_code, code_of(refused)) == (404, "VERIFICATION_CODE_NOT_FOUND")
    for path in (SIGN_IN, CHECK):
        refused = api.post(path, json={"code": code})
        assert refused.status_code == 400
        assert code_of(refused) == "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED"


def test_a_code_can_be_looked_at_before_it_is_used(api: Api) -> None:
    code = mailed_code(api)
    assert api.post(CHECK, json={"code": code.upper()}).json() == {"is_code_valid": True}
    assert sign_in(api, code).status_code == 200
    assert code_of(api.post(CHECK, json={"code": code})) == "VERIFICATION_CODE_ALREADY_USED"


def test_codes_end_and_open_one_thing_in_one_project(api: Api, clock: SetClock) -> None:
    code = mailed_code(api)
    other = Api.create(api.server)
    assert code_of(sign_in(other, code)) == "VERIFICATION_CODE_NOT_FOUND"
    verify = api.post("/contact-channels/verify", json={"code": code})
    assert code_of(verify) == "VERIFICATION_CODE_NOT_FOUND"
    clock.advance(SIGN_IN_MINUTES * 60)
    assert code_of(sign_in(api, code)) == "VERIFICATION_CODE_EXPIRED"


def test_of_twenty_who_bring_a_code_one_signs_in(api: Api) -> None:
    # Under the limit of guesses, which ends all others in its own way.
    code = mailed_code(api)

    async def all_at_once() -> list[Any]:
        async with api.server.client() as client:
            tries = (
                client.post("/api/v1" + SIGN_IN, headers=api.client, json={"code": code})
                for _ in range(20)
            )
            answers = await asyncio.gather(*tries)
        return [answer.headers.get("x-stack-known-error") for answer in answers]

    found = api.server.run(all_at_once())
    assert found.count(None) == 1
    assert set(found) <= {
        None, "VERIFICATION_CODE_ALREADY_USED", "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED",
    }  # fmt: skip


@pytest.mark.proves("T-10")
def test_the_answer_is_the_same_for_everybody_but_the_mail_is_not(server: InProcess) -> None:
    api = Api.create(server, sign_up_enabled=False)
    known = server.person(ADA, project_id=api.project.id)
    disabled = server.person("off@example.com", project_id=api.project.id)
    api.disable(disabled.id)
    for email in (ADA, "nobody@example.com", "off@example.com"):
        answer = send(api, email)
        assert (answer.status_code, len(answer.json()["nonce"])) == (200, LENGTH - SHORT_LENGTH)
        # Guessing at it tells nothing either: the same number of wrong ones, then the same end.
        guess = "aaaaaa" + answer.json()["nonce"]
        found = [code_of(sign_in(api, guess)) for _ in range(MOST_GUESSES + 1)]
        assert found == ["VERIFICATION_CODE_NOT_FOUND"] * MOST_GUESSES + [
            "VERIFICATION_CODE_MAX_ATTEMPTS_REACHED"
        ]
    assert Mailbox(server, "nobody@example.com").new() == []
    assert Mailbox(server, "off@example.com").new() == []
    assert sign_in(api, mailed_code_after_guesses(api)).json()["user_id"] == known.id


def mailed_code_after_guesses(api: Api) -> str:
    mails = Mailbox(api.server, ADA)
    mails.new()
    send(api)
    return mails.code()


@pytest.mark.proves("S-24")
def test_what_an_account_may_is_judged_again_when_the_code_is_brought(server: InProcess) -> None:
    api = Api.create(server)
    user = server.person(ADA, project_id=api.project.id)
    code = mailed_code(api)
    api.disable(user.id)
    assert code_of(sign_in(api, code)) == "VERIFICATION_CODE_NOT_FOUND"
    late = mailed_code(api, "late@example.com")
    configure(api, sign_up_enabled=False)
    refused = sign_in(api, late)
    assert (refused.status_code, code_of(refused)) == (400, "SIGN_UP_NOT_ENABLED")
    # Nothing but the guess was counted: where the project changes its mind, the code works.
    configure(api, sign_up_enabled=True)
    assert sign_in(api, late).status_code == 200


def configure(api: Api, *, sign_up_enabled: bool) -> None:
    server = api.server
    server.run(
        server.services.storage.write(
            projects.save_project,
            api.project.id,
            "Engines",
            ProjectConfig(sign_up_enabled=sign_up_enabled),
            declared=False,
            now=server.clock.now,
        )
    )


@pytest.mark.proves("T-13")
def test_an_address_that_nobody_proved_signs_nobody_in(api: Api) -> None:
    signed_up = api.account(ADA)
    answer = sign_in(api, mailed_code(api))
    assert (answer.status_code, code_of(answer)) == (409, "USER_EMAIL_ALREADY_EXISTS")
    assert answer.json()["details"] == {"email": ADA, "would_work_if_email_was_verified": True}
    verified = {"primary_email_verified": True}
    api.send("PATCH", f"/users/{signed_up.user_id}", api.secret, json=verified)
    mails = Mailbox(api.server, ADA)
    mails.new()
    send(api)
    assert sign_in(api, mails.code()).json()["user_id"] == signed_up.user_id


def test_projects_without_mailed_codes_or_with_another_domain_refuse(server: InProcess) -> None:
    api = Api.create(server, magic_link_enabled=False)
    for answer in (send(api), sign_in(api, "0" * LENGTH)):
        assert (answer.status_code, code_of(answer)) == (403, None)
    api = Api.create(server)
    refused = send(api, url="https://evil.example/")
    assert (refused.status_code, code_of(refused)) == (400, "REDIRECT_URL_NOT_WHITELISTED")
    assert Mailbox(server, ADA).new() == []


def test_mails_are_counted_whether_or_not_they_are_sent(server: InProcess) -> None:
    api = Api.create(server, sign_up_enabled=False)
    statuses = [send(api, "nobody@example.com").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    others = [send(api, f"n{i}@example.com").status_code for i in range(16)]
    assert others == [200] * 15 + [429]
