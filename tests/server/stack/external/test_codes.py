"""The code that a program is handed after somebody was at a provider: once, soon, and to whom."""

import asyncio

import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, code_of, outcome
from tests.server.stack.external_ import Program, users


@pytest.mark.proves("S-21", "T-1")
def test_a_code_is_worth_nothing_without_its_verifier_and_loses_nothing_by_a_wrong_one(
    api: Api,
) -> None:
    program = Program(api)
    code = program.code()
    wrong = (400, "INVALID_AUTHORIZATION_CODE")
    assert outcome(program.redeem(code, code_verifier="x" * 43)) == wrong
    assert outcome(program.redeem(code, code_verifier=program.challenge)) == wrong
    assert outcome(program.redeem(code, redirect_uri="http://localhost:3000/other")) == wrong
    assert users(api) == 0
    assert program.redeem(code).status_code == 200


@pytest.mark.proves("S-21")
def test_a_code_works_once_for_a_minute_and_in_its_project(
    api: Api, server: InProcess, clock: SetClock
) -> None:
    wrong = (400, "INVALID_AUTHORIZATION_CODE")
    program = Program(api)
    code = program.code()
    other = Api.create(server)
    keys = {"client_id": other.project.id, "client_secret": other.keys.publishable_client_key}
    assert outcome(program.redeem(code, **keys)) == wrong
    assert program.redeem(code).status_code == 200
    assert outcome(program.redeem(code)) == wrong
    late = program.code()
    clock.advance(60)
    assert outcome(program.redeem(late)) == wrong
    for nothing in ("", "x", code.upper(), "é"):
        assert outcome(program.redeem(nothing)) == wrong


def test_a_redemption_without_all_of_its_members_is_a_schema_error(api: Api) -> None:
    program = Program(api)
    for name in ("code", "code_verifier", "redirect_uri"):
        form = {
            "grant_type": "authorization_code",
            "client_id": api.project.id,
            "code": "c",
            "code_verifier": program.verifier,
            "redirect_uri": "http://localhost:3000/",
        }
        del form[name]
        assert code_of(api.server.post("/api/v1/auth/oauth/token", data=form)) == "SCHEMA_ERROR"


@pytest.mark.proves("S-21")
def test_of_many_redemptions_at_once_one_wins(api: Api) -> None:
    program = Program(api)
    code = program.code()
    form = {
        "grant_type": "authorization_code",
        "client_id": api.project.id,
        "client_secret": api.keys.publishable_client_key,
        "code": code,
        "code_verifier": program.verifier,
        "redirect_uri": program.query()["redirect_uri"],
    }

    async def race() -> list[int]:
        async with api.server.client() as client:
            posts = (client.post("/api/v1/auth/oauth/token", data=form) for _ in range(8))
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    assert sorted(api.server.run(race())) == [200] + [400] * 7
    assert users(api) == 1


@pytest.mark.proves("S-24")
def test_whoever_is_not_signed_in_any_more_links_nothing(
    api: Api, server: InProcess, clock: SetClock
) -> None:
    owner, gone, disabled = api.person(), api.person(), api.person()
    stranger = Api.create(server).person()
    foreign = Program(api).depart(type="link", token=stranger.access_token)
    assert foreign.status_code == 403
    api.send("DELETE", "/auth/sessions/current", gone.headers)
    api.disable(disabled.user_id)
    for one in (gone, disabled):
        answer = Program(api).depart(type="link", token=one.access_token)
        assert outcome(answer) == (401, "ACCESS_TOKEN_EXPIRED")
    waiting = Program(api)
    code = waiting.code(type="link", token=owner.access_token)
    api.send("DELETE", f"/users/{owner.user_id}", api.secret)
    assert outcome(waiting.redeem(code)) == (401, "USER_AUTHENTICATION_REQUIRED")
    clock.advance(3600)
    late = Program(api).depart(type="link", token=owner.access_token)
    assert outcome(late) == (401, "ACCESS_TOKEN_EXPIRED")
