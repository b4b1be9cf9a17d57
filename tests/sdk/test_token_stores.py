"""Where tokens live: compare-and-set, one refresh among many, and sessions that others keep."""

import asyncio
import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

import keyturn
from keyturn.protocol.errors import RefreshTransient, SignInRequired
from keyturn.protocol.session_source import SessionSource
from keyturn.sdk import (
    MemoryTokenStore,
    StackClientApp,
    StackSdkError,
    TokenPair,
    TokenStore,
    TokenStoreReadOnly,
    TokenStoreRegistry,
)
from keyturn.sdk.token_sources import tokens_of_request
from tests.sdk.misbehaving_ import USER, Fake, done, known_error, renewed, token

CROWD = 10
OLD, NEW = token(name="old"), token(name="new")


@pytest.fixture(params=["blocking", "awaitable"])
def fake(request: pytest.FixtureRequest) -> Fake:
    return Fake(awaitable=request.param == "awaitable")


def answering(refreshed: httpx2.Response, *, good: str = NEW) -> Any:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/auth/oauth/token"):
            return refreshed
        if request.headers.get("x-stack-access-token") == good:
            return httpx2.Response(200, json=USER)
        return known_error("ACCESS_TOKEN_EXPIRED", status=401)

    return answer


class Dictionary(TokenStore):
    """A store somebody else wrote, which calls no constructor of ours."""

    def __init__(self, access: str | None, refresh: str | None) -> None:
        self.kept: dict[str, str | None] = {"access": access, "refresh": refresh}
        self.lock = threading.Lock()

    def get_stored_access_token(self) -> str | None:
        return self.kept["access"]

    def get_stored_refresh_token(self) -> str | None:
        return self.kept["refresh"]

    def compare_and_set(
        self,
        compare_refresh_token: str | None,
        new_refresh_token: str | None,
        new_access_token: str | None,
    ) -> bool:
        with self.lock:
            if self.kept["refresh"] != compare_refresh_token:
                return False
            self.kept = {"access": new_access_token, "refresh": new_refresh_token}
            return True


@pytest.mark.parametrize("due", [False, True])
@pytest.mark.proves("D-7")
def test_ten_tasks_with_an_expired_token_make_one_refresh(due: bool) -> None:
    fake = Fake(awaitable=True)
    fake.answering = answering(renewed(NEW))
    fake.clock.moved = 80 if due else 0

    async def body() -> None:
        app = fake.app(TokenPair(access_token=OLD, refresh_token="r"))
        users = await asyncio.gather(*(app.get_user() for _ in range(CROWD)))
        assert [user.id for user in users] == ["u1"] * CROWD

    fake.play(body)
    assert len(fake.sent("/auth/oauth/token")) == 1


@pytest.mark.proves("D-7")
def test_ten_threads_with_an_expired_token_make_one_refresh() -> None:
    fake = Fake(awaitable=False)
    together = threading.Barrier(CROWD)
    fake.answering = answering(renewed(NEW))
    app: StackClientApp = fake.app(TokenPair(access_token=OLD, refresh_token="r"))

    def call() -> str:
        together.wait(timeout=10)
        user = app.get_user()
        assert user is not None
        return user.id

    with ThreadPoolExecutor(CROWD) as crowd:
        calls = [crowd.submit(call) for _ in range(CROWD)]
        assert [each.result(timeout=10) for each in calls] == ["u1"] * CROWD
    assert len(fake.sent("/auth/oauth/token")) == 1


@pytest.mark.proves("D-7")
def test_threads_and_tasks_that_share_a_store_make_one_refresh_together() -> None:
    store = MemoryTokenStore(TokenPair(access_token=OLD, refresh_token="r"))
    blocking, awaitable = Fake(awaitable=False), Fake(awaitable=True)
    blocking.answering = awaitable.answering = answering(renewed(NEW))
    together = threading.Barrier(CROWD + 1)

    def call() -> str:
        together.wait(timeout=10)
        user = blocking.app(store).get_user()
        return str(user.id)

    async def body() -> None:
        app = awaitable.app(store)
        users = await asyncio.gather(*(app.get_user() for _ in range(CROWD)))
        assert [user.id for user in users] == ["u1"] * CROWD

    with ThreadPoolExecutor(CROWD) as crowd:
        calls = [crowd.submit(call) for _ in range(CROWD)]
        together.wait(timeout=10)
        awaitable.play(body)
        assert [each.result(timeout=10) for each in calls] == ["u1"] * CROWD
    grants = [*blocking.sent("/auth/oauth/token"), *awaitable.sent("/auth/oauth/token")]
    assert len(grants) == 1


@pytest.mark.proves("D-7")
def test_whoever_waited_for_a_refresh_that_failed_fails_alike_and_sends_nothing() -> None:
    fake = Fake(awaitable=True)
    fake.answering = answering(httpx2.Response(503, text="Oops"))

    async def body() -> None:
        app = fake.app(TokenPair(access_token=OLD, refresh_token="r"))
        outcomes = await asyncio.gather(
            *(app.get_user() for _ in range(CROWD)), return_exceptions=True
        )
        assert all(isinstance(outcome, RefreshTransient) for outcome in outcomes)

    fake.play(body)
    assert len(fake.sent("/auth/oauth/token")) == 1


@pytest.mark.proves("D-7")
def test_when_the_task_that_refreshes_is_cancelled_the_next_one_does_it() -> None:
    fake = Fake(awaitable=True)

    async def body() -> None:
        reached, never = asyncio.Event(), asyncio.Event()

        async def answer(request: httpx2.Request) -> httpx2.Response:
            fake.requests.append(request)
            if not reached.is_set():
                reached.set()
                await never.wait()
            return renewed(NEW)

        client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        app = fake.app(TokenPair(refresh_token="r"), http_client=client)
        first = asyncio.create_task(app.get_access_token())
        await reached.wait()
        second = asyncio.create_task(app.get_access_token())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await second == NEW

    fake.play(body)
    assert len(fake.requests) == 2


@pytest.mark.proves("D-7")
def test_whoever_gives_up_waiting_takes_the_refresh_from_nobody_else() -> None:
    fake = Fake(awaitable=True)

    async def body() -> None:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def answer(request: httpx2.Request) -> httpx2.Response:
            fake.requests.append(request)
            reached.set()
            await go_on.wait()
            return renewed(NEW)

        client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        app = fake.app(TokenPair(refresh_token="r"), http_client=client)
        first, second, third = (asyncio.create_task(app.get_access_token()) for _ in range(3))
        await reached.wait()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go_on.set()
        assert {await first, await third} == {NEW}

    fake.play(body)
    assert len(fake.requests) == 1


@pytest.mark.proves("D-7")
def test_nobody_waits_for_ever_for_a_refresh_that_does_not_end() -> None:
    class Impatient(MemoryTokenStore):
        longest_wait_seconds = 0.05

    async def body() -> None:
        reached = asyncio.Event()

        async def answer(_: httpx2.Request) -> httpx2.Response:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError("it never ends")

        store = Impatient(TokenPair(refresh_token="r"))
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        awaitable = Fake(awaitable=True).app(store, http_client=client)
        leader = asyncio.create_task(awaitable.get_access_token())
        await reached.wait()
        with pytest.raises(RefreshTransient):
            # On the thread of the event loop, which it holds up.
            Fake(awaitable=False).app(store).get_access_token()
        with pytest.raises(RefreshTransient):
            await awaitable.get_access_token()
        leader.cancel()

    asyncio.run(body())


@pytest.mark.specified(
    "TokenStore.get_stored_access_token",
    "TokenStore.get_stored_refresh_token",
    "TokenStore.compare_and_set",
    "TokenStore.get_or_fetch_likely_valid_tokens",
    "TokenStore.fetch_new_access_token",
)
@pytest.mark.proves("D-7")
def test_a_store_of_ones_own_needs_three_methods(fake: Fake) -> None:
    async def body() -> None:
        fake.answering = answering(renewed(NEW, refresh_token="r2"))
        store = Dictionary(OLD, "r")
        app = fake.app(store)
        form, api = app.form, app._api
        pair = await done(form.run(store.get_or_fetch_likely_valid_tokens(api)))
        assert (pair.access_token, pair.refresh_token) == (OLD, "r")
        pair = await done(form.run(store.fetch_new_access_token(api, instead_of=OLD)))
        assert (pair.access_token, store.kept) == (NEW, {"access": NEW, "refresh": "r2"})
        again = await done(form.run(store.fetch_new_access_token(api, instead_of=OLD)))
        assert again.access_token == NEW
        await done(app.sign_out())
        assert store.kept == {"access": None, "refresh": None}

    fake.play(body)
    assert len(fake.sent("/auth/oauth/token")) == 1


@pytest.mark.proves("D-7")
def test_a_refresh_does_not_overwrite_whoever_signed_in_meanwhile(fake: Fake) -> None:
    store = Dictionary(OLD, "r")

    def answer(request: httpx2.Request) -> httpx2.Response:
        store.kept = {"access": "another", "refresh": "another's"}
        return renewed(NEW)

    async def body() -> None:
        fake.answering = answer
        app = fake.app(store)
        pair = await done(app.form.run(store.fetch_new_access_token(app._api, instead_of=OLD)))
        assert (pair.access_token, pair.refresh_token) == ("another", "another's")

    fake.play(body)
    assert store.kept == {"access": "another", "refresh": "another's"}


@pytest.mark.proves("D-7")
def test_signing_out_does_not_forget_who_signed_in_meanwhile(fake: Fake) -> None:
    store = MemoryTokenStore(TokenPair(access_token=OLD, refresh_token="r"))

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.method == "DELETE"
        store.compare_and_set("r", "another's", "another")
        return httpx2.Response(200, json={"success": True})

    async def body() -> None:
        fake.answering = answer
        await done(fake.app(store).sign_out())

    fake.play(body)
    assert store.get_stored_refresh_token() == "another's"


def test_signing_out_where_nobody_is_signed_in_asks_nobody(fake: Fake) -> None:
    async def body() -> None:
        await done(fake.app(MemoryTokenStore()).sign_out())

    fake.play(body)
    assert fake.requests == []


def test_a_store_that_takes_nothing_is_an_error_rather_than_a_loop(fake: Fake) -> None:
    class Full(MemoryTokenStore):
        def compare_and_set(self, *_: object) -> bool:
            return False

    async def body() -> None:
        fake.answers(
            httpx2.Response(200, json={"access_token": NEW, "refresh_token": "r", "user_id": "u1"})
        )
        with pytest.raises(StackSdkError, match="does not take"):
            await done(fake.app(Full()).sign_in_with_credential(email="a@b.example", password="x"))

    fake.play(body)


@pytest.mark.specified("TokenStoreRegistry.get(memory, project_id)")
@pytest.mark.proves("D-7")
def test_the_apps_of_a_project_share_one_session_in_memory(fake: Fake) -> None:
    registry = TokenStoreRegistry()
    one = registry.get("memory", "p", base_url="https://a.example")
    assert registry.get("memory", "p", base_url="https://a.example") is one
    assert registry.get("memory", "q", base_url="https://a.example") is not one
    # A token must not travel to another server that has a project of that name.
    assert registry.get("memory", "p", base_url="https://b.example") is not one

    async def body() -> None:
        fake.answers(
            httpx2.Response(200, json={"access_token": NEW, "refresh_token": "r", "user_id": "u1"})
        )
        name = f"project of {fake.awaitable}"
        first = fake.app("memory", project_id=name)
        await done(first.sign_in_with_credential(email="a@b.example", password="x" * 8))
        second = fake.app("memory", project_id=name)
        assert await done(second.get_access_token()) == NEW

    fake.play(body)


class Keeper:
    """Keeps a session, as another part of the program would."""

    def __init__(self) -> None:
        self.current: str | None = OLD
        self.rejected: list[str] = []

    def token(self) -> str:
        if self.current is None:
            raise SignInRequired
        return self.current

    def token_instead_of(self, rejected: str) -> str:
        self.rejected.append(rejected)
        self.current = NEW
        return NEW

    def logout(self) -> object:
        self.current = None
        return None


@pytest.mark.proves("D-7")
def test_a_session_that_somebody_else_keeps_is_renewed_by_its_keeper(fake: Fake) -> None:
    keeper = Keeper()

    async def body() -> None:
        fake.answering = answering(renewed("never asked for"))
        app = fake.app(keeper)
        assert (await done(app.get_user())).id == "u1"
        assert keeper.rejected == [OLD]
        assert await done(app.get_access_token()) == NEW
        assert await done(app.get_refresh_token()) is None
        with pytest.raises(TokenStoreReadOnly):
            await done(app.sign_in_with_credential(email="a@b.example", password="x" * 8))
        await done(app.sign_out())
        assert await done(app.get_user()) is None
        await done(app.sign_out())

    fake.play(body)
    assert [request.url.path for request in fake.requests] == ["/api/v1/users/me"] * 2


def test_a_programs_sign_in_is_such_a_keeper(tmp_path: Path) -> None:
    auth = keyturn.Auth("acme", issuer="https://id.example", client_id="c", home=str(tmp_path))
    source: SessionSource = auth
    assert isinstance(source, SessionSource)
    fake = Fake(awaitable=False)
    assert fake.app(auth).get_user() is None
    assert fake.requests == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-stack-auth": '{"accessToken": "a", "refreshToken": "r"}'}, ("a", "r")),
        ({"x-stack-auth": '{"accessToken": "a"}'}, ("a", None)),
        ({"x-stack-auth": '{"accessToken": "a\\r\\nb", "refreshToken": 5}'}, (None, None)),
        ({"x-stack-auth": "no JSON"}, (None, None)),
        ({"x-stack-auth": "[1]"}, (None, None)),
        ({"x-stack-auth": "[" * 100_000}, (None, None)),
        ({"authorization": "Bearer other"}, (None, None)),
        ({"authorization": "Bearer stackauth_%%%"}, (None, None)),
        ({}, (None, None)),
    ],
)
@pytest.mark.proves("D-7")
def test_tokens_are_read_off_a_request(
    headers: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    found = tokens_of_request(headers)
    assert (found.access_token, found.refresh_token) == expected


def test_tokens_are_read_off_a_bearer_header_too() -> None:
    encoded = base64.b64encode(json.dumps({"accessToken": "a", "refreshToken": "r"}).encode())
    found = tokens_of_request({"authorization": f"Bearer stackauth_{encoded.decode()}"})
    assert (found.access_token, found.refresh_token) == ("a", "r")


@pytest.mark.proves("D-7")
def test_requests_of_every_framework_will_do() -> None:
    pytest.importorskip("django")  # not where the newest Python runs a part of the suite
    import werkzeug.datastructures
    from django.http.request import HttpHeaders
    from starlette.requests import Request

    value = '{"accessToken": "a", "refreshToken": "r"}'

    class Flask:
        headers = werkzeug.datastructures.Headers({"X-Stack-Auth": value})

    class Django:
        headers = HttpHeaders({"HTTP_X_STACK_AUTH": value})

    scope = {"type": "http", "headers": [(b"x-stack-auth", value.encode())]}
    for request in (Flask(), Django(), Request(scope), httpx2.Request("GET", "http://a/")):
        store = Fake(awaitable=False).app(request)._tokens
        expected = "r" if not isinstance(request, httpx2.Request) else None
        assert store.get_stored_refresh_token() == expected
    with pytest.raises(TypeError, match="int"):
        Fake(awaitable=False).app(5)


def test_no_representation_shows_a_token() -> None:
    pair = TokenPair(access_token="secret-a", refresh_token="secret-r")
    app = Fake(awaitable=False).app(pair, publishable_client_key="pk")
    for shown in (repr(pair), repr(MemoryTokenStore(pair)), repr(app), repr(app._api)):
        assert "secret" not in shown
