"""The awaitable calls: the same as the blocking ones, and safe to cancel at any moment."""

import asyncio
import inspect
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

import keyturn
from keyturn import SignInRequired, Verification, aio
from tests.client.machine_ import Machine
from tests.client.test_login import Events, approve
from tests.issuers_.http_ import Answer, Asked
from tests.issuers_.issuer_ import Issuer

T = TypeVar("T")

BLOCKING_ONLY = {"requests"}  # The library has no awaitable half.


def public_calls(kind: type) -> dict[str, inspect.Signature]:
    """Return the methods that a program may call, with how."""
    members = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: inspect.signature(member)
        for name, member in members
        if not name.startswith("_") or name == "__init__"
    }


def unquoted(signature: inspect.Signature) -> str:
    return str(signature).replace("'", "").replace('"', "")


@pytest.mark.proves("K-81")
def test_every_call_is_there_with_the_same_arguments_and_the_same_result() -> None:
    blocking, awaitable = public_calls(keyturn.Auth), public_calls(aio.Auth)
    assert awaitable.keys() == blocking.keys() - BLOCKING_ONLY
    for name, signature in awaitable.items():
        assert unquoted(signature) == unquoted(blocking[name]), name


def test_what_waits_is_awaitable_and_what_reads_the_environment_is_not() -> None:
    plain = {name for name in public_calls(aio.Auth) if name != "__init__"} - {
        name for name, member in inspect.getmembers(aio.Auth) if inspect.iscoroutinefunction(member)
    }
    assert plain == {"env_token_name", "env_token_set", "httpx", "trace"}


@pytest.mark.proves("K-81")
def test_every_call_does_what_the_blocking_one_does(issuer: Issuer, machine: Machine) -> None:
    machine.signed_in(issuer)
    auth = aio.Auth.of(machine.auth(issuer))

    async def program() -> None:
        assert await auth.has_session()
        assert await auth.token() == auth.blocking.token()
        assert await auth.session() == auth.blocking.session()
        assert await auth.sessions() == auth.blocking.sessions()
        assert (await auth.switch("ada")).is_default
        assert (await auth.userinfo())["sub"] == "ada"
        assert await auth.doctor()
        rejected = await auth.token()
        assert await auth.token_instead_of(rejected) != rejected
        assert (await auth.refresh()).account_id == "ada"
        assert (await auth.login()).already_signed_in
        assert (await auth.login_with_token(issuer.new_token())).session.account_id == "ada"
        assert (await auth.logout()).account == "ada@example.com"
        assert not await auth.has_session()
        assert await auth.session() is None
        with pytest.raises(ValueError, match="legacy="):
            await auth.migrate()
        with pytest.raises(ValueError, match="Stack project"):
            await auth.anonymous()
        with pytest.raises(SignInRequired):
            await auth.token()

    asyncio.run(program())
    assert (auth.env_token_name(), auth.env_token_set()) == ("ACME_TOKEN", False)


def test_it_is_made_like_the_blocking_one_without_touching_anything(machine: Machine) -> None:
    auth = aio.Auth(
        "acme", issuer="https://id.example", client_id="x", home=str(machine.home), program="a"
    )
    assert (auth.blocking.name, auth.blocking.program) == ("acme", "a")
    assert not machine.home.exists()
    lines: list[str] = []
    auth.trace(lines.append)
    assert "HttpxAuth" in repr(auth.httpx())
    with pytest.raises(ValueError, match="give either issuer="):
        aio.Auth("acme")


@pytest.mark.proves("K-81", "K-20")
def test_a_valid_stored_token_is_answered_without_a_thread(
    issuer: Issuer, machine: Machine
) -> None:
    session, _ = machine.signed_in(issuer)
    auth = aio.Auth.of(machine.auth(issuer))

    async def program() -> str:
        before = set(threading.enumerate())
        token = await auth.token()
        assert await auth.has_session()
        assert set(threading.enumerate()) == before
        return token

    assert asyncio.run(program()) == session.access_token
    assert issuer.asked == []


@pytest.mark.proves("K-81", "K-24")
def test_a_hundred_tasks_and_one_expired_token_make_one_grant(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer, due=True)
    auth = aio.Auth.of(machine.auth(issuer))

    async def program() -> list[str]:
        return await asyncio.gather(*(auth.token() for _ in range(100)))

    assert len(set(asyncio.run(program()))) == 1
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-81")
def test_signing_in_tells_its_events_in_order_on_the_loops_thread(
    issuer: Issuer, machine: Machine
) -> None:
    events, threads = Events(approve), set()

    def listen(event: keyturn.LoginEvent) -> None:
        threads.add(threading.current_thread())
        events(event)

    auth = aio.Auth.of(machine.auth(issuer))
    outcome = asyncio.run(auth.login(method="loopback", on_event=listen))
    assert outcome.session.email == "ada@example.com"
    assert [link.browser_opened for link in events.links()] == [None, True]
    assert threads == {threading.main_thread()}


async def cancelled_when_waiting(
    auth: aio.Auth, stop: Callable[[Coroutine[Any, Any, T], asyncio.Event], Awaitable[None]]
) -> Verification:
    """Sign in at an issuer where nobody decides, and have ``stop`` end that once it waits."""
    waiting, links = asyncio.Event(), []

    def listen(event: keyturn.LoginEvent) -> None:
        if isinstance(event, Verification):
            links.append(event)
        elif links:
            waiting.set()

    await stop(auth.login(method="loopback", force=True, on_event=listen), waiting)  # type: ignore[arg-type]
    return links[0]


async def by_the_task(login: Coroutine[Any, Any, object], waiting: asyncio.Event) -> None:
    task = asyncio.create_task(login)
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_impatience(login: Coroutine[Any, Any, object], waiting: asyncio.Event) -> None:
    task = asyncio.create_task(login)
    await waiting.wait()
    for _ in range(5):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_a_time_limit(login: Coroutine[Any, Any, object], waiting: asyncio.Event) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await login


async def by_anyio(login: Coroutine[Any, Any, object], waiting: asyncio.Event) -> None:
    with anyio.move_on_after(0.3) as scope:
        await login
    assert scope.cancelled_caught


@pytest.mark.proves("K-81", "K-47")
@pytest.mark.parametrize("stop", [by_the_task, by_impatience, by_a_time_limit, by_anyio])
def test_a_cancelled_sign_in_closes_its_port_and_stores_nothing(
    issuer: Issuer, machine: Machine, stop: Callable[..., Awaitable[None]]
) -> None:
    session, _ = machine.signed_in(issuer)
    auth = aio.Auth.of(machine.auth(issuer))

    async def program() -> Verification:
        link = await cancelled_when_waiting(auth, stop)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(link)), timeout=5).close()
        return link

    asyncio.run(program())
    assert machine.runtime(issuer).store.snapshot().sessions == {"ada": session}
    assert sorted(path.name for path in machine.home.iterdir()) == ["session.json", "store.lock"]
    assert (issuer.grant_types(), issuer.revoked()) == ([], [])


def port_of(link: Verification) -> int:
    """Return the port that the browser would come back to."""
    return urlsplit(parse_qs(urlsplit(link.url).query)["redirect_uri"][0]).port or 0


@pytest.mark.proves("K-81", "K-47")
def test_cancelled_between_grant_and_store_the_grant_is_revoked_and_nothing_stored(
    issuer: Issuer, machine: Machine
) -> None:
    async def program() -> None:
        task = asyncio.create_task(aio.Auth.of(machine.auth(issuer)).login(method="device"))
        loop, cancelled = asyncio.get_running_loop(), threading.Event()

        async def cancel() -> None:
            task.cancel()
            for _ in range(5):  # The task takes note of it at its next turn.
                await asyncio.sleep(0)
            cancelled.set()

        def userinfo(asked: object) -> Answer:
            asyncio.run_coroutine_threadsafe(cancel(), loop)
            assert cancelled.wait(10)
            return Answer(200, b'{"sub": "ada"}')

        issuer.routes["/oauth/userinfo"] = userinfo
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(program())
    (family,) = issuer.families.values()
    assert family.ended
    assert not machine.home.exists()


@pytest.mark.proves("K-81", "K-26")
def test_a_renewal_whose_caller_is_cancelled_is_stored_and_its_lock_released(
    issuer: Issuer, machine: Machine
) -> None:
    session, family = machine.signed_in(issuer, due=True)
    sent, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        sent.set()
        assert go_on.wait(10)

    issuer.before_refresh = hold
    auth = aio.Auth.of(machine.auth(issuer))

    async def program() -> str:
        task = asyncio.create_task(auth.token())
        await asyncio.to_thread(sent.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task  # At once: the server has not even answered.
        go_on.set()
        return await auth.token()

    token = asyncio.run(program())
    assert token != session.access_token
    assert len(issuer.grants()) == 1
    stored = machine.runtime(issuer).store.snapshot().sessions["ada"]
    assert (stored.access_token, stored.refresh_token) == (token, family.current)


@pytest.mark.proves("K-81")
def test_what_a_listener_raises_ends_the_sign_in_and_nothing_is_stored(
    issuer: Issuer, machine: Machine
) -> None:
    issuer.decision = "wait"

    def listen(event: keyturn.LoginEvent) -> None:
        if isinstance(event, Verification):
            raise BrokenPipeError("the terminal has gone")

    auth = aio.Auth.of(machine.auth(issuer))
    with pytest.raises(BrokenPipeError):
        asyncio.run(auth.login(method="loopback", on_event=listen))
    assert not machine.home.exists()


@pytest.mark.proves("K-63", "K-81")
def test_errors_are_the_blocking_ones(issuer: Issuer, machine: Machine) -> None:
    machine.signed_in(issuer, due=True)
    auth = aio.Auth.of(machine.auth(issuer))
    for family in issuer.families.values():
        family.ended = True
    with pytest.raises(keyturn.SessionExpired):
        asyncio.run(auth.token())
    issuer.decision = "deny"
    with pytest.raises(keyturn.LoginDenied):
        asyncio.run(auth.login(method="device"))


@pytest.mark.proves("K-81", "K-47")
def test_cancelled_while_the_code_is_redeemed_the_answer_is_waited_for_and_revoked(
    issuer: Issuer, machine: Machine
) -> None:
    redeem, redeeming, go_on = issuer.routes["/oauth/token"], threading.Event(), threading.Event()

    def slow(asked: Asked) -> Answer:
        redeeming.set()
        assert go_on.wait(10)
        return redeem(asked)

    issuer.routes["/oauth/token"] = slow

    async def program() -> None:
        auth = aio.Auth.of(machine.auth(issuer))
        task = asyncio.create_task(auth.login(method="loopback", on_event=Events(approve)))
        await asyncio.to_thread(redeeming.wait, 10)
        task.cancel()
        # Longer than the pace at which a sign-in that still waits looks whether to stop.
        await asyncio.sleep(1.3)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(program())
    (family,) = issuer.families.values()
    assert family.ended
    assert not machine.home.exists()
