"""Device polls that are held until somebody decides."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from keyturn.server.accounts.rules import User
from keyturn.server.oauth.device_request import DeviceOutcome
from keyturn.server.sessions.rules import Session
from tests.server.in_process_ import InProcess, SetClock
from tests.server.oauth.grants_ import OWNER, poll, poll_members, start_device

pytestmark = pytest.mark.proves("S-40")

Person = tuple[User, Session]


@pytest.fixture
def person(server: InProcess) -> Person:
    user = server.person()
    return user, server.browser(user)[0]


async def held(client: httpx2.AsyncClient, device_code: str, seconds: int = 30) -> httpx2.Response:
    return await client.post(
        "/oauth/token", data=poll_members(device_code), headers={"Prefer": f"wait={seconds}"}
    )


async def until_waiting(server: InProcess) -> None:
    """Let other tasks run until a request is parked."""
    async with asyncio.timeout(5):
        while not len(server.services.hub):  # noqa: ASYNC110 - the hub tells nobody who waits
            await asyncio.sleep(0)


async def decide(
    server: InProcess, user_code: str, person: Person, *, approve: bool = True
) -> DeviceOutcome:
    devices, (user, browser) = server.services.devices, person
    opened = await devices.open_code(
        user_code, project_id="default", owner=OWNER, user_id=user.id, ip=None
    )
    assert opened is not None
    return await devices.decide(
        opened.id, owner=OWNER, approve=approve, browser_session=browser, user=user
    )


@pytest.mark.parametrize(("approve", "error"), [(True, None), (False, "access_denied")])
def test_a_held_poll_is_answered_the_moment_somebody_decides(
    server: InProcess, person: Person, *, approve: bool, error: str | None
) -> None:
    started = start_device(server)

    async def wait_and_decide() -> httpx2.Response:
        async with server.client() as client:
            answer = asyncio.create_task(held(client, started["device_code"]))
            await until_waiting(server)
            assert not answer.done()
            await decide(server, started["user_code"], person, approve=approve)
            async with asyncio.timeout(2):
                return await answer

    reply = server.run(wait_and_decide())
    assert reply.json().get("error") == error
    assert ("refresh_token" in reply.json()) is approve
    assert reply.headers["preference-applied"] == "wait=30"
    assert len(server.services.hub) == 0


def test_a_poll_of_a_decided_code_is_not_held(server: InProcess, person: Person) -> None:
    started = start_device(server)

    async def decide_and_ask() -> httpx2.Response:
        await decide(server, started["user_code"], person)
        async with server.client() as client, asyncio.timeout(2):
            return await held(client, started["device_code"])

    assert server.run(decide_and_ask()).status_code == 200


def test_a_held_poll_that_nobody_decides_ends_as_pending(server: InProcess) -> None:
    started = start_device(server)

    async def ask() -> httpx2.Response:
        async with server.client() as client, asyncio.timeout(5):
            return await held(client, started["device_code"], seconds=1)

    reply = server.run(ask())
    assert reply.json()["error"] == "authorization_pending"
    assert reply.headers["preference-applied"] == "wait=1"


def test_held_polls_never_count_as_polling_too_fast(server: InProcess, clock: SetClock) -> None:
    code = start_device(server)["device_code"]

    async def ask_again_and_again() -> list[str]:
        errors = []
        async with server.client() as client:
            for _ in range(5):
                answer = asyncio.create_task(held(client, code))
                await until_waiting(server)
                replaced = asyncio.create_task(held(client, code))
                errors.append((await answer).json()["error"])
                replaced.cancel()
        return errors

    assert server.run(ask_again_and_again()) == ["authorization_pending"] * 5
    assert poll(server, code).json()["error"] == "authorization_pending"
    clock.advance(5)
    assert poll(server, code).json()["error"] == "authorization_pending"


def test_a_second_held_poll_ends_the_first_and_gets_the_tokens(
    server: InProcess, person: Person
) -> None:
    started = start_device(server)

    async def two() -> tuple[httpx2.Response, httpx2.Response]:
        async with server.client() as client, asyncio.timeout(5):
            first = asyncio.create_task(held(client, started["device_code"]))
            await until_waiting(server)
            second = asyncio.create_task(held(client, started["device_code"]))
            ended = await first
            await decide(server, started["user_code"], person)
            return ended, await second

    ended, answered = server.run(two())
    assert ended.json()["error"] == "authorization_pending"
    assert answered.status_code == 200


def test_a_shutdown_answers_whoever_waits(server: InProcess) -> None:
    started = start_device(server)

    async def wait_and_close() -> httpx2.Response:
        async with server.client() as client, asyncio.timeout(5):
            answer = asyncio.create_task(held(client, started["device_code"]))
            await until_waiting(server)
            server.services.hub.close()
            return await answer

    assert server.run(wait_and_close()).json()["error"] == "authorization_pending"


def test_a_code_that_expires_while_held_says_so(server: InProcess, clock: SetClock) -> None:
    started = start_device(server)

    async def wait_past_the_end() -> httpx2.Response:
        async with server.client() as client, asyncio.timeout(5):
            answer = asyncio.create_task(held(client, started["device_code"], seconds=1))
            await until_waiting(server)
            clock.advance(600)
            return await answer

    assert server.run(wait_past_the_end()).json()["error"] == "expired_token"


@pytest.mark.proves("S-23")
def test_a_poller_that_hung_up_does_not_use_up_the_code(server: InProcess, person: Person) -> None:
    started = start_device(server)
    sent: list[Any] = []

    async def hang_up_while_held() -> None:
        receive, hang_up = connection(urlencode(poll_members(started["device_code"])).encode())
        request = asyncio.create_task(
            server.app(scope_of_a_held_poll(), receive, collected_in(sent))
        )
        await until_waiting(server)
        hang_up.set()
        await decide(server, started["user_code"], person)
        async with asyncio.timeout(2):
            await request

    server.run(hang_up_while_held())
    assert sent == []
    assert poll(server, started["device_code"]).status_code == 200


def scope_of_a_held_poll() -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/oauth/token",
        "raw_path": b"/oauth/token",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"prefer", b"wait=30"),
        ],
        "server": ("127.0.0.1", 8102),
        "client": ("127.0.0.1", 50000),
    }


def connection(body: bytes) -> tuple[Callable[[], Awaitable[dict[str, Any]]], asyncio.Event]:
    """Return a receive that gives the body once, then waits until it is told to hang up."""
    hang_up = asyncio.Event()
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await hang_up.wait()
        return {"type": "http.disconnect"}

    return receive, hang_up


def collected_in(sent: list[Any]) -> Callable[[Any], Awaitable[None]]:
    async def send(message: Any) -> None:
        sent.append(message)

    return send
