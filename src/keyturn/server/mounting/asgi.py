"""Keyturn beside another ASGI app: starting without a lifespan, sharing a host name.

An app that is mounted in another one is not told when the server starts and stops: the ASGI
lifespan goes to the outermost app alone. So this one opens its database with the first request,
unless somebody has started it with ``running`` or put it beside the host with ``mounted``.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from starlette.responses import PlainTextResponse

from keyturn.server.first_start import first_start
from keyturn.server.mounting.rules import HostUser
from keyturn.server.oauth import metadata, protected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from keyturn.server.mounting.service import Host
    from keyturn.server.services import Services
    from keyturn.server.settings import Settings

log: logging.Logger = logging.getLogger("keyturn.mounting")


class OpensItself:
    """Opens the services with the first request where no lifespan did. An ASGI middleware.

    They close when the event loop ends: the task that holds them is cancelled with all others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._opening: asyncio.Task[None] | None = None
        self._holding: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the app; 503 where it cannot be opened, and the next request tries again."""
        app = self._app
        if scope["type"] == "http":
            scope = _as_starlette_mounts(scope)
        if scope["type"] == "http" and not is_open(scope["app"]):
            _warn_of_another_prefix(scope)
            try:
                await self._open(scope["app"])
            except Exception as error:
                log.error("the sign-in server cannot start: %s", error)
                app = PlainTextResponse(
                    "The sign-in server cannot start; its log says why.",
                    status_code=503,
                    headers={"cache-control": "no-store", "retry-after": "5"},
                )
        await app(scope, receive, send)

    async def _open(self, app: FastAPI) -> None:
        """Wait for one opening, however many requests ask, and although the first may go away."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._hold(app))
        opening = self._opening
        try:
            await asyncio.shield(opening)
        finally:
            if opening.done():
                self._opening = None

    async def _hold(self, app: FastAPI) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def hold() -> None:
            try:
                async with running(app):
                    ready.set_result(None)
                    await asyncio.Event().wait()
            except Exception as error:
                if ready.done():
                    raise
                ready.set_exception(error)

        self._holding = asyncio.create_task(hold())
        await ready


def is_open(app: FastAPI) -> bool:
    """Say whether the services of an app are open."""
    return getattr(app.state, "services", None) is not None


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Open an app from ``create_app`` and close it again: for the lifespan of a host.

    A first start without any project makes one, with its keys in the data folder.

    Raises:
        SettingsProblem, SecretProblem, StorageUnavailable, OSError: it cannot be opened.
    """
    settings: Settings = app.state.settings
    if not settings.projects:
        made = await first_start(settings)
        if made is not None:
            log.warning("made project %s; its keys are in %s", made.project_id, made.kept_in)
    async with app.router.lifespan_context(app):
        yield


async def close_account(app: FastAPI, user_id: str) -> None:
    """Let a host's user in no more: every session ends, pages answer 403, approvals are void.

    Raises:
        ValueError: no id that ``identify`` could have answered.
        IdTaken: the id belongs to a user of another project.
        StorageUnavailable: nothing was changed.
    """
    user = HostUser(id=user_id)
    async with _open_services(app) as services:
        await services.host_users.close(_host_of(services).project_id, user.id)


async def reopen_account(app: FastAPI, user_id: str) -> None:
    """Undo ``close_account``; sessions that ended stay ended. Raises StorageUnavailable."""
    async with _open_services(app) as services:
        await services.host_users.reopen(_host_of(services).project_id, user_id)


@asynccontextmanager
async def _open_services(app: FastAPI) -> AsyncIterator[Services]:
    if is_open(app):
        yield app.state.services
        return
    async with running(app):
        yield app.state.services


def _host_of(services: Services) -> Host:
    if services.host is None:
        raise ValueError("this app has accounts of its own: it was made without identify=")
    return services.host


def well_known_app(app: FastAPI) -> ASGIApp:
    """Return what answers, at the host's root, for an issuer that lives below a path.

    RFC 8414 section 3.1 and RFC 9728 section 3.1 insert the well-known part before that path.
    Mount it at ``/.well-known`` or below; whatever it does not know is 404.
    """
    settings: Settings = app.state.settings
    path = urlsplit(settings.issuer).path
    served = {metadata.WELL_KNOWN + path} | protected.well_known_paths(settings)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = _at_the_root(scope, served)
        if asked is None:
            missing = PlainTextResponse("Not Found", status_code=404)
            await missing(scope, receive, send)
            return
        inner = {**scope, "path": asked, "raw_path": asked.encode(), "root_path": ""}
        await app(inner, receive, send)

    return answer


def mounted(host: ASGIApp, app: FastAPI) -> ASGIApp:
    """Return one ASGI app: Keyturn below its base URL's path, ``host`` everywhere else.

    For hosts that cannot mount (Django), and the shortest way for all others: it answers at the
    root what ``well_known_app`` answers, and starts and stops both.

    Raises:
        ValueError: the base URL has no path to tell the two apart.
    """
    settings: Settings = app.state.settings
    prefix = urlsplit(settings.issuer).path
    if not prefix:
        raise ValueError("base_url needs a path, such as https://app.example/auth")
    well_known = well_known_app(app)
    known = {metadata.WELL_KNOWN + prefix} | protected.well_known_paths(settings)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _Lifespan(host, app).run(scope, receive, send)
            return
        path = scope.get("path", "")
        below = path == prefix or path.startswith(prefix + "/")
        if scope["type"] == "http" and path in known:
            await well_known(scope, receive, send)
        elif scope["type"] == "http" and below:
            await app({**scope, "root_path": prefix}, receive, send)
        else:
            await host(scope, receive, send)

    return answer


class _Lifespan:
    """Starts Keyturn, then the host; stops them the other way round.

    A host that knows no lifespan raises before it takes the first message (ASGI specification,
    "Lifespan Protocol"); then the answers to the server are ours.
    """

    def __init__(self, host: ASGIApp, app: FastAPI) -> None:
        self._host, self._app = host, app
        self._taken = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run both for the life of the server."""

        async def taken() -> Message:
            self._taken = True
            return await receive()

        try:
            async with running(self._app):
                try:
                    await self._host(scope, taken, send)
                except Exception:
                    if self._taken:
                        raise
                if not self._taken:
                    await receive()
                    self._taken = True
                    await send({"type": "lifespan.startup.complete"})
                    await receive()
                    await send({"type": "lifespan.shutdown.complete"})
        except Exception as error:
            if self._taken:
                raise
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})


def _at_the_root(scope: Scope, served: set[str]) -> str | None:
    """Return which of the served paths was asked for."""
    if scope["type"] != "http":
        return None
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    asked = (_sent_path(scope), path, root + path)
    return next((whole for whole in asked if whole in served), None)


def _sent_path(scope: Scope) -> str:
    """Return the path as it was sent, whatever hosts have made of it; "" where unknown."""
    raw: bytes = scope.get("raw_path") or b""
    return unquote(raw.partition(b"?")[0].decode("ascii", "replace"))


def _as_starlette_mounts(scope: Scope) -> Scope:
    """Return the scope of a mounted app with the whole path in it, and the prefix beside it.

    That is how Starlette mounts. Litestar hands on the rest of the path alone, with a slash behind.
    """
    settings: Settings = scope["app"].state.settings
    prefix, sent = urlsplit(settings.issuer).path, _sent_path(scope)
    shortened = not scope.get("root_path") and sent not in ("", scope["path"])
    if not shortened or not prefix or not sent.startswith(prefix + "/"):
        return scope
    return {**scope, "path": sent, "root_path": prefix}


def _warn_of_another_prefix(scope: Scope) -> None:
    settings: Settings = scope["app"].state.settings
    root, own = scope.get("root_path", ""), urlsplit(settings.issuer).path
    if root and not root.endswith(own or "/"):
        log.warning(
            "mounted below %s, but base_url says %s: links and cookies will not fit",
            root,
            settings.issuer,
        )
