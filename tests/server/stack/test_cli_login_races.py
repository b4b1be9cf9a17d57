"""Many at once: exactly one poll, decision and claim wins, and held polls answer at once."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import httpx2
import pytest

from keyturn.server.cli_login.work import topic
from keyturn.server.waiting import Later
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api

AT_ONCE = 32
POLL, COMPLETE = "/api/v1/auth/cli/poll", "/api/v1/auth/cli/complete"


def start(api: Api, **body: object) -> dict[str, str]:
    found: dict[str, str] = api.post("/auth/cli", json=body).json()
    return found


def at_once(api: Api, path: str, bodies: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Post all bodies at the same time; return status and text of each answer."""

    async def send(client: httpx2.AsyncClient, body: dict[str, Any]) -> tuple[int, str]:
        answer = await client.post(path, headers=api.client, json=body)
        return answer.status_code, answer.text

    async def run() -> list[tuple[int, str]]:
        async with api.server.client() as client:
            return list(await asyncio.gather(*(send(client, body) for body in bodies)))

    return api.server.run(run())


@pytest.mark.proves("S-6")
def test_of_32_polls_at_once_exactly_one_gets_the_token(api: Api) -> None:
    person = api.person()
    for _ in range(10):
        codes = start(api)
        api.post("/auth/cli/complete", json=_complete(codes, person.refresh_token))
        answers = at_once(api, POLL, [{"polling_code": codes["polling_code"]}] * AT_ONCE)
        assert Counter(status for status, _ in answers) == {201: 1, 200: AT_ONCE - 1}
        assert {text for status, text in answers if status == 200} == {'{"status":"used"}'}


@pytest.mark.proves("S-6")
def test_of_32_completes_at_once_exactly_one_decides_and_the_poll_gets_its_token(
    api: Api,
) -> None:
    people = [api.person() for _ in range(AT_ONCE)]
    for _ in range(5):
        codes = start(api)
        answers = at_once(api, COMPLETE, [_complete(codes, p.refresh_token) for p in people])
        won = [person for person, (status, _) in zip(people, answers, strict=True) if status == 200]
        assert len(won) == 1
        lost = {text for status, text in answers if status == 400}
        assert lost == {"Invalid login code or the code has expired"}
        polled = api.post("/auth/cli/poll", json={"polling_code": codes["polling_code"]})
        assert polled.json()["refresh_token"] == won[0].refresh_token


@pytest.mark.proves("S-6")
def test_of_32_claims_at_once_exactly_one_gets_the_anonymous_session(api: Api) -> None:
    for _ in range(10):
        codes = start(api, anon_refresh_token=api.guest().refresh_token)
        body = {"login_code": codes["login_code"], "mode": "claim-anon-session"}
        answers = at_once(api, COMPLETE, [body] * AT_ONCE)
        assert Counter(status for status, _ in answers) == {200: 1, 400: AT_ONCE - 1}


@pytest.mark.proves("S-6")
def test_approving_denying_and_polling_at_once_have_one_outcome(
    api: Api, server: InProcess
) -> None:
    person, cli_login = api.person(), server.services.cli_login

    async def deny(login_code: str, looks: int) -> bool:
        # Denying takes fewer statements; now and then it looks around before.
        for _ in range(looks):
            attempt = await cli_login.attempt_by_login_code(login_code)
        assert attempt is not None
        return await cli_login.deny(attempt)

    async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
        return list(await asyncio.gather(*work, return_exceptions=True))

    outcomes = Counter[str]()
    for turn in range(20):
        codes = start(api)
        decisions = [
            cli_login.complete(api.project.id, codes["login_code"], person.refresh_token),
            deny(codes["login_code"], looks=1 + turn),
        ]
        polls = [cli_login.poll(api.project.id, codes["polling_code"]) for _ in range(4)]
        work = decisions if turn % 2 else list(reversed(decisions))
        results = server.run(together(*polls[:2], *work, *polls[2:]))
        denied = True in results
        last = api.post("/auth/cli/poll", json={"polling_code": codes["polling_code"]})
        given = sum(getattr(result, "status", "") == "success" for result in results)
        given += last.status_code == 201
        assert given == (0 if denied else 1)
        assert last.json()["status"] in (["expired"] if denied else ["success", "used"])
        outcomes["denied" if denied else "approved"] += 1
    assert len(outcomes) == 2


@pytest.mark.proves("S-40")
def test_a_held_poll_answers_when_somebody_decides(api: Api, server: InProcess) -> None:
    codes, person = start(api), api.person()

    async def decide_while_held() -> httpx2.Response:
        async with server.client() as client:
            held = asyncio.create_task(
                client.post(
                    POLL,
                    headers={**api.client, "prefer": "respond-async, wait=60"},
                    json={"polling_code": codes["polling_code"]},
                )
            )
            await until_held(server)
            assert not held.done()
            body = _complete(codes, person.refresh_token)
            await client.post(COMPLETE, headers=api.client, json=body)
            return await asyncio.wait_for(held, 5)

    answer = server.run(decide_while_held())
    assert answer.status_code == 201
    assert answer.json()["refresh_token"] == person.refresh_token
    assert "preference-applied" not in answer.headers


@pytest.mark.proves("S-40")
def test_a_second_held_poll_ends_the_first(api: Api, server: InProcess) -> None:
    codes = start(api)
    headers = {**api.client, "prefer": "wait=60"}
    body = {"polling_code": codes["polling_code"]}

    async def hold_twice() -> tuple[str, bool]:
        async with server.client() as client:
            first = asyncio.create_task(client.post(POLL, headers=headers, json=body))
            await until_held(server)
            second = asyncio.create_task(client.post(POLL, headers=headers, json=body))
            answer = await asyncio.wait_for(first, 5)
            still_held = not second.done()
            attempt = await server.services.cli_login.attempt_by_login_code(codes["login_code"])
            assert attempt is not None
            await server.services.cli_login.deny(attempt)
            await asyncio.wait_for(second, 5)
            return answer.text, still_held

    assert server.run(hold_twice()) == ('{"status":"waiting"}', True)


@pytest.mark.proves("S-40")
def test_a_caller_that_hung_up_while_held_does_not_use_the_approval_up(
    api: Api, server: InProcess
) -> None:
    codes, person, cli_login = start(api), api.person(), server.services.cli_login

    async def hang_up() -> str | None:
        async def is_gone() -> bool:
            return True

        waits = await cli_login.poll(
            api.project.id, codes["polling_code"], wait_seconds=60, is_gone=is_gone
        )
        assert isinstance(waits, Later)
        held = asyncio.ensure_future(waits.answer())
        await until_held(server)
        await cli_login.complete(api.project.id, codes["login_code"], person.refresh_token)
        found = await asyncio.wait_for(held, 5)
        return found.refresh_token

    assert server.run(hang_up()) is None
    again = api.post("/auth/cli/poll", json={"polling_code": codes["polling_code"]})
    assert again.json()["refresh_token"] == person.refresh_token


def test_what_a_decision_wakes_is_named_by_the_attempt() -> None:
    assert topic("a") == "cli:a"


async def until_held(server: InProcess) -> None:
    while not len(server.services.hub):  # noqa: ASYNC110 - it offers nothing to wait for
        await asyncio.sleep(0)


def _complete(codes: dict[str, str], refresh_token: str) -> dict[str, str]:
    return {"login_code": codes["login_code"], "refresh_token": refresh_token}
