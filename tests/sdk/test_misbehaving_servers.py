"""Whatever a server or a proxy does, a call ends: with an answer or an error that says why."""

import re
from typing import Any

import httpx2
import pytest

from keyturn.protocol.errors import ServerUnreachable, UnexpectedReply
from keyturn.sdk import (
    Async,
    MemoryTokenStore,
    NotSupportedByServer,
    StackApiError,
    StackClientApp,
    StackStatusError,
    TokenPair,
)
from keyturn.sdk.known_errors import (
    AccessTokenExpired,
    InvalidAccessToken,
    PasswordTooShort,
    UserNotFound,
)
from keyturn.sdk.values import Members
from tests.sdk.misbehaving_ import NOW, PROJECT, USER, Fake, done, known_error, renewed, token

GOOD = httpx2.Response(200, json=PROJECT)


@pytest.fixture(params=["blocking", "awaitable"])
def fake(request: pytest.FixtureRequest) -> Fake:
    return Fake(awaitable=request.param == "awaitable")


def failing(*, times: int, then: httpx2.Response = GOOD) -> list[httpx2.Response | Exception]:
    return [*(httpx2.ConnectError("down") for _ in range(times)), then]


@pytest.mark.proves("D-6")
def test_a_request_says_who_it_is_and_what_it_wants(fake: Fake) -> None:
    async def body() -> None:
        extra = {"X-Mine": "1", "X-Stack-Access-Type": "admin"}
        app = fake.app(extra_request_headers=extra, publishable_client_key="pk")
        await done(app.get_project())
        await done(app.get_project())

    fake.play(body)
    first, second = fake.requests
    assert str(first.url) == "https://api.example/api/v1/projects/current"
    wanted = {
        "x-stack-access-type": "client",
        "x-stack-project-id": "p",
        "x-stack-publishable-client-key": "pk",
        "x-stack-override-error-status": "true",
        "x-stack-allow-anonymous-user": "true",
        "x-mine": "1",
    }
    assert {name: first.headers[name] for name in wanted} == wanted
    assert re.fullmatch(r"python @keyturn/sdk@[\d.]+", first.headers["x-stack-client-version"])
    nonces = {request.headers["x-stack-random-nonce"] for request in (first, second)}
    assert len(nonces) == 2
    assert (first.content, "content-type" in first.headers) == (b"", False)


@pytest.mark.proves("D-6")
def test_idempotent_requests_are_repeated_five_times_ever_later(fake: Fake) -> None:
    async def body() -> None:
        fake.answers(*failing(times=5))
        assert (await done(fake.app().get_project())).id == "p"
        assert fake.clock.pauses == [1, 2, 4, 8, 16]
        fake.answers(*failing(times=6))
        with pytest.raises(ServerUnreachable, match=r"api\.example"):
            await done(fake.app().get_project())

    fake.play(body)
    assert len(fake.requests) == 12


@pytest.mark.proves("D-6")
def test_what_might_have_been_done_already_is_not_repeated(fake: Fake) -> None:
    async def body() -> None:
        fake.answers(*failing(times=1))
        with pytest.raises(ServerUnreachable):
            await done(
                fake.app().sign_in_with_credential(
                    email="a@b.example", password="x" * 8, token_store=MemoryTokenStore()
                )
            )

    fake.play(body)
    assert (len(fake.requests), fake.clock.pauses) == (1, [])


@pytest.mark.parametrize(
    ("headers", "pauses"),
    [
        ({"retry-after": "7"}, [7, 7]),
        (
            {
                "retry-after": "Sat, 21 Nov 2026 08:00:05 GMT",
                "date": "Sat, 21 Nov 2026 08:00:00 GMT",
            },
            [5, 5],
        ),
        ({}, [1, 2]),
    ],
)
@pytest.mark.parametrize("overridden", [False, True])
@pytest.mark.proves("D-6")
def test_a_server_that_has_had_enough_is_left_alone_as_long_as_it_says(
    fake: Fake, headers: dict[str, str], pauses: list[float], overridden: bool
) -> None:
    if overridden:
        enough = httpx2.Response(200, headers={**headers, "x-stack-actual-status": "429"})
    else:
        enough = httpx2.Response(429, headers=headers)

    async def body() -> None:
        fake.answers(enough, enough, GOOD)
        assert (await done(fake.app().get_project())).id == "p"
        assert fake.clock.pauses == pauses

    fake.play(body)


@pytest.mark.proves("D-6")
def test_nobody_waits_for_an_hour_or_asks_for_ever(fake: Fake) -> None:
    async def body() -> None:
        fake.answers(httpx2.Response(429, headers={"retry-after": "3600"}, text="Enough"))
        with pytest.raises(StackStatusError, match="Enough") as refused:
            await done(fake.app().get_project())
        assert (refused.value.status, fake.clock.pauses) == (429, [])
        fake.answers(httpx2.Response(429, text="Enough"))
        with pytest.raises(StackStatusError):
            await done(fake.app().get_project())
        assert fake.clock.pauses == [1, 2, 4, 8, 16]

    fake.play(body)


@pytest.mark.parametrize("family", ["stack", "hexclave"])
@pytest.mark.proves("D-4", "D-6")
def test_both_families_of_headers_are_understood(fake: Fake, family: str) -> None:
    async def body() -> None:
        fake.answers(known_error("USER_NOT_FOUND", status=404, family=family))
        with pytest.raises(UserNotFound) as found:
            await done(fake.app().get_project())
        assert (found.value.status, found.value.message) == (404, "about USER_NOT_FOUND")
        assert found.value.details == {"because": "of that"}

    fake.play(body)


@pytest.mark.proves("D-4")
def test_an_unknown_code_is_a_generic_error_that_carries_it(fake: Fake) -> None:
    async def body() -> None:
        fake.answers(known_error("NEWLY_INVENTED", status=418))
        with pytest.raises(StackApiError) as found:
            await done(fake.app().get_project())
        assert type(found.value) is StackApiError
        assert (found.value.code, found.value.status) == ("NEWLY_INVENTED", 418)
        assert found.value.details == {"because": "of that"}
        assert StackApiError.code == "API_ERROR"
        fake.answers(httpx2.Response(400, json={"code": "PASSWORD_TOO_SHORT", "message": "short"}))
        with pytest.raises(PasswordTooShort, match="short"):
            await done(fake.app().get_project())

    fake.play(body)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx2.Response(200, text="<html>Sign in to the Wi-Fi</html>"), UnexpectedReply),
        (httpx2.Response(200, content=b"\xff\xfe"), UnexpectedReply),
        (httpx2.Response(200, json=[1, 2]), UnexpectedReply),
        (httpx2.Response(200, json={"id": 5}), UnexpectedReply),
        (httpx2.Response(200, text="[" * 100_000), UnexpectedReply),
        (httpx2.Response(302, headers={"location": "https://evil.example"}), UnexpectedReply),
        (httpx2.Response(500, text="Oops"), StackStatusError),
        (httpx2.Response(502, text="<html>Bad gateway</html>"), StackStatusError),
        (httpx2.Response(404), StackStatusError),
        (httpx2.Response(501, text="Not implemented by this server"), NotSupportedByServer),
        (
            httpx2.Response(200, headers={"x-stack-known-error": "SCHEMA_ERROR"}, text="no JSON"),
            StackApiError,
        ),
        (httpx2.Response(200, headers={"x-stack-actual-status": "503"}, text=""), StackStatusError),
    ],
)
@pytest.mark.proves("D-6", "D-9")
def test_what_is_no_answer_of_the_api_is_an_error_that_says_so(
    fake: Fake, answer: httpx2.Response, expected: type[Exception]
) -> None:
    async def body() -> None:
        fake.answers(answer)
        with pytest.raises(expected):
            await done(fake.app().get_project())

    fake.play(body)
    assert len(fake.requests) == 1


def test_a_servers_words_are_fit_for_a_terminal_and_kept_as_they_came(fake: Fake) -> None:
    async def body() -> None:
        fake.answers(httpx2.Response(400, text="no\x1b[2J\u202egnp"))
        with pytest.raises(StackStatusError) as found:
            await done(fake.app().get_project())
        assert str(found.value) == "no[2Jgnp"
        assert found.value.message == "no\x1b[2J\u202egnp"

    fake.play(body)


def answering_session(fake: Fake, *, good: str, refreshed: Any) -> None:
    """Have the server take one access token, and answer refreshes as told."""

    def answering(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/auth/oauth/token"):
            answer: httpx2.Response = refreshed(request)
            return answer
        if request.headers.get("x-stack-access-token") == good:
            return httpx2.Response(200, json=USER)
        return known_error("ACCESS_TOKEN_EXPIRED", status=401)

    fake.answering = answering


@pytest.mark.proves("D-6", "D-7")
def test_an_expired_token_is_renewed_once_and_the_request_repeated_once(fake: Fake) -> None:
    old, new = token(name="old"), token(name="new")

    async def body() -> None:
        answering_session(fake, good=new, refreshed=lambda request: renewed(new))
        app = fake.app(TokenPair(access_token=old, refresh_token="r"))
        assert (await done(app.get_user())).id == "u1"
        assert await done(app.get_access_token()) == new

    fake.play(body)
    [grant] = fake.sent("/auth/oauth/token")
    assert b"refresh_token=r" in grant.content
    assert not [name for name in grant.headers if name.startswith("x-stack")]
    sent = [request.headers["x-stack-access-token"] for request in fake.sent("/users/me")]
    assert sent == [old, new]


@pytest.mark.proves("D-6")
def test_a_token_that_stays_refused_is_not_renewed_for_ever(fake: Fake) -> None:
    async def body() -> None:
        answering_session(
            fake, good="none at all", refreshed=lambda request: renewed(token(name="new"))
        )
        app = fake.app(TokenPair(access_token=token(), refresh_token="r"))
        assert await done(app.get_user()) is None
        with pytest.raises(InvalidAccessToken):
            await done(app._as_user(None).form.run(app._as_user(None).get("/x")))

    fake.play(body)
    assert len(fake.sent("/users/me")) == 2


@pytest.mark.proves("D-6", "D-7")
def test_a_dead_refresh_token_signs_out_and_ends_the_loop(fake: Fake) -> None:
    dead = known_error("REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED", status=401)
    dead.status_code = 401

    async def body() -> None:
        answering_session(fake, good="none at all", refreshed=lambda request: dead)
        tokens = MemoryTokenStore(TokenPair(access_token=token(), refresh_token="r"))
        app = fake.app(tokens)
        assert await done(app.get_user()) is None
        assert tokens.get_stored_refresh_token() is None
        assert await done(app.get_user()) is None

    fake.play(body)
    assert len(fake.requests) == 2


@pytest.mark.proves("D-7")
def test_a_bad_day_of_the_server_signs_nobody_out(fake: Fake) -> None:
    async def body() -> None:
        tokens = MemoryTokenStore(TokenPair(access_token=token(), refresh_token="r"))
        answering_session(
            fake, good="none at all", refreshed=lambda request: httpx2.Response(503, text="Oops")
        )
        with pytest.raises(Exception, match="503"):
            await done(fake.app(tokens).get_user())
        assert tokens.get_stored_refresh_token() == "r"
        # Due, but not over: it serves until the server can renew it.
        fake.clock.moved = 100
        answering_session(
            fake, good=token(), refreshed=lambda request: httpx2.Response(503, text="Oops")
        )
        assert (await done(fake.app(tokens).get_user())).id == "u1"

    fake.play(body)


@pytest.mark.parametrize(
    ("moved", "lasts", "due"),
    [(0, 600, False), (74, 600, False), (76, 600, True), (0, 21, False), (2, 21, True)],
)
@pytest.mark.parametrize("arrived", [False, True])
@pytest.mark.proves("D-7")
def test_a_token_is_renewed_20_seconds_before_its_end_or_after_75(
    fake: Fake, moved: float, lasts: float, due: bool, arrived: bool
) -> None:
    new = token(name="new")
    # A token that arrived here is judged by how long ago that was, whatever the clocks say.
    issued_at = NOW - 5000 if arrived else NOW
    old = token(issued_at=issued_at, lasts=lasts, name="old")

    async def body() -> None:
        fake.answering = lambda request: renewed(new)
        tokens = MemoryTokenStore()
        app = fake.app(tokens)
        tokens.sign_in(TokenPair(access_token=old, refresh_token="r"), app._api)
        if not arrived:
            tokens = MemoryTokenStore(TokenPair(access_token=old, refresh_token="r"))
            app = fake.app(tokens)
        fake.clock.moved = moved
        assert await done(app.get_access_token()) == (new if due else old)

    fake.play(body)
    assert len(fake.requests) == due


@pytest.mark.proves("D-7")
def test_without_a_refresh_token_a_token_serves_until_it_has_expired(fake: Fake) -> None:
    async def body() -> None:
        app = fake.app(TokenPair(access_token=token(lasts=100)))
        fake.clock.moved = 99
        assert await done(app.get_access_token()) == token(lasts=100)
        fake.clock.moved = 100
        assert await done(app.get_access_token()) is None
        assert await done(fake.app(TokenPair(access_token="opaque")).get_access_token()) == "opaque"

    fake.play(body)
    assert fake.requests == []


def test_an_expired_token_without_a_refresh_token_is_the_servers_answer(fake: Fake) -> None:
    async def body() -> None:
        answering_session(fake, good="none at all", refreshed=lambda request: renewed("x"))
        app = fake.app(TokenPair(access_token=token()))
        session = app._as_user(None)
        with pytest.raises(AccessTokenExpired):
            await done(session.form.run(session.get("/users/me")))

    fake.play(body)
    assert len(fake.requests) == 1


@pytest.mark.proves("D-5")
def test_lists_of_servers_that_answer_all_at_once_end_there(fake: Fake) -> None:
    async def body() -> None:
        session = fake.app()._as_project

        def read(_session: object, item: Members) -> int:
            return item.integer("n")

        fake.answers(httpx2.Response(200, json={"items": [{"n": 1}, {"n": 2}]}))
        page = await done(session.form.run(session.pages("/x", read)))
        assert (page.items, page.next_cursor) == ([1, 2], None)
        again = {"items": [{"n": 1}], "pagination": {"next_cursor": "c"}}
        fake.answers(httpx2.Response(200, json=again))
        page = await done(session.form.run(session.pages("/x", read, limit=1)))
        second = await done(page.next_page())
        assert second.next_cursor is None, "the same page for ever"

    fake.play(body)
    assert str(fake.requests[-1].url).endswith("/x?cursor=c&limit=1")


@pytest.mark.parametrize("base_url", ["", "api.example", "ftp://api.example", "https:///x"])
def test_an_address_that_is_none_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        StackClientApp(project_id="p", base_url=base_url)


def test_what_json_cannot_say_is_not_sent(fake: Fake) -> None:
    async def body() -> None:
        session = fake.app()._as_project
        with pytest.raises(ValueError, match="JSON"):
            await done(session.form.run(session.patch("/x", {"n": float("nan")})))

    fake.play(body)
    assert fake.requests == []


def test_a_client_of_the_other_form_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="blocking"):
        StackClientApp(project_id="p", http_client=httpx2.AsyncClient())
    with httpx2.Client() as client, pytest.raises(TypeError, match="awaitable"):
        StackClientApp[Async](project_id="p", http_client=client)
