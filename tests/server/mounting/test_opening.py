"""A mounted app opens with its first request, or with its host; and closes with the event loop."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyturn.server import Settings, create_app, mounted, running, well_known_app
from keyturn.server.mounting.asgi import is_open

pytestmark = pytest.mark.proves("S-63")

BASE = "http://127.0.0.1:8102/auth"
METADATA = "/auth/.well-known/oauth-authorization-server"


def settings(data: Path, **more: Any) -> Settings:
    return Settings(data=data, base_url=BASE, **more)


def asking(app: ASGIApp) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8102")


def test_of_many_first_requests_one_opens_and_all_are_answered(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    host = Starlette(routes=[Mount("/auth", app)])

    async def ask() -> list[int]:
        async with asking(host) as client:
            answers = await asyncio.gather(*(client.get(METADATA) for _ in range(16)))
        assert is_open(app)
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [200] * 16
    assert not is_open(app), "the end of the loop closes it"
    assert (tmp_path / "project-default-keys.json").exists()


def test_a_first_caller_who_goes_away_does_not_stop_the_opening(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    host = Starlette(routes=[Mount("/auth", app)])

    async def ask() -> int:
        async with asking(host) as client:
            first = asyncio.create_task(client.get(METADATA))
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return (await client.get(METADATA)).status_code

    assert asyncio.run(ask()) == 200


def test_what_cannot_be_opened_answers_503_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("a file where the folder should be")
    app = create_app(settings(blocked))
    host = Starlette(routes=[Mount("/auth", app)])

    async def ask() -> tuple[httpx2.Response, httpx2.Response]:
        async with asking(host) as client:
            refused = await client.get(METADATA)
            blocked.unlink()
            return refused, await client.get(METADATA)

    with caplog.at_level(logging.ERROR):
        refused, answered = asyncio.run(ask())
    assert (refused.status_code, answered.status_code) == (503, 200)
    assert refused.headers["retry-after"]
    assert "cannot start" in caplog.text


def test_a_prefix_that_is_not_the_base_urls_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = Starlette(routes=[Mount("/elsewhere", create_app(settings(tmp_path)))])

    async def ask() -> None:
        async with asking(host) as client:
            await client.get("/elsewhere/sessions")

    with caplog.at_level(logging.WARNING):
        asyncio.run(ask())
    assert "mounted below /elsewhere" in caplog.text


def test_a_host_may_open_it_in_its_own_lifespan(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    order: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with running(app):
            order.append("open" if is_open(app) else "shut")
            yield
        order.append("open" if is_open(app) else "shut")

    host = Starlette(routes=[Mount("/auth", app)], lifespan=lifespan)

    async def live() -> None:
        async with host.router.lifespan_context(host):
            pass

    asyncio.run(live())
    assert order == ["open", "shut"]


async def drive(app: ASGIApp) -> list[Message]:
    """Send startup and shutdown as a server does; return what the app answered."""
    asked: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said: list[Message] = []

    async def receive() -> Message:
        return asked.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    return said


def test_side_by_side_both_start_and_stop_with_the_server(tmp_path: Path) -> None:
    app, order = create_app(settings(tmp_path)), []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        order.append(is_open(app))
        yield
        order.append(is_open(app))

    said = asyncio.run(drive(mounted(Starlette(lifespan=lifespan), app)))

    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert order == [True, True]
    assert not is_open(app)


def test_side_by_side_with_a_host_that_knows_no_lifespan(tmp_path: Path) -> None:
    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("only HTTP here")

    app = create_app(settings(tmp_path))
    said = asyncio.run(drive(mounted(host, app)))

    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_side_by_side_a_start_that_fails_is_told_to_the_server(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("a file where the folder should be")

    said = asyncio.run(drive(mounted(Starlette(), create_app(settings(blocked)))))

    assert [message["type"] for message in said] == ["lifespan.startup.failed"]


def test_side_by_side_only_the_prefix_is_ours(tmp_path: Path) -> None:
    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse("host")

    host = Starlette(routes=[Route("/{path:path}", echo)])
    both = mounted(host, create_app(settings(tmp_path)))

    async def ask() -> dict[str, str]:
        async with asking(both) as client:
            paths = ("/", "/authors", "/auth/x", "/.well-known/other")
            return {path: (await client.get(path)).text for path in paths}

    answers = asyncio.run(ask())
    assert [path for path, text in answers.items() if text == "host"] == [
        "/",
        "/authors",
        "/.well-known/other",
    ]


def test_side_by_side_needs_a_path_to_tell_them_apart(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, base_url="http://127.0.0.1:8102"))
    with pytest.raises(ValueError, match="needs a path"):
        mounted(Starlette(), app)


def test_at_the_root_only_the_documents_of_this_issuer_are_served(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))

    async def ask() -> list[int]:
        async with asking(well_known_app(app)) as client:
            paths = (
                "/.well-known/oauth-authorization-server/auth",
                "/.well-known/oauth-authorization-server/other",
                "/.well-known/oauth-authorization-server",
                "/oauth/jwks",
            )
            return [(await client.get(path)).status_code for path in paths]

    assert asyncio.run(ask()) == [200, 404, 404, 404]
