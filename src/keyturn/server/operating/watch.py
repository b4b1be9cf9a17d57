"""What is noted of every request: its name, and for metrics and log its route, status and time.

A route is noted as it was declared (``/oauth/token``), never as it was asked for: addresses may
hold codes and ids, and a stranger could make up as many as a log or a metrics store has room for.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from keyturn.server.operating import request_id

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from keyturn.server.operating.metrics import Metrics
    from keyturn.server.settings import Settings

log: logging.Logger = logging.getLogger("keyturn.requests")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


class Watched:
    """Names every request, and notes it where that is wanted. An ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._proxies, self._logs = settings.trusted_proxies, settings.log_requests
        self._routes: dict[Any, str] | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer with the app.

        Where nobody wants numbers this holds no frame of its own while a request waits.
        """
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        name = request_id.begin(scope, self._proxies)
        metrics: Metrics | None = scope["app"].state.metrics
        if metrics is not None or self._logs:
            return self._noted(scope, receive, send, name.encode(), metrics)
        if _shows_name(scope):
            send = _Named(send, name.encode())
        return self._app(scope, receive, send)

    async def _noted(
        self, scope: Scope, receive: Receive, send: Send, name: bytes, metrics: Metrics | None
    ) -> None:
        named = _Named(send, name) if _shows_name(scope) else send
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await named(message)

        began = time.perf_counter()
        if metrics is not None:
            metrics.in_progress.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - began, metrics)

    def _note(self, scope: Scope, status: int, seconds: float, metrics: Metrics | None) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = self._route(scope)
        if metrics is not None:
            metrics.in_progress.dec()
            metrics.note(method=method, route=route, status=status, seconds=seconds)
        if self._logs:
            log.info("%s %s %s %.1f ms", method, route, status or "no answer", seconds * 1000)

    def _route(self, scope: Scope) -> str:
        if self._routes is None:
            self._routes = routes_of(scope["app"])
        return self._routes.get(scope.get("endpoint"), OTHER)


class _Named:
    """Sends an answer with the request's name in a header."""

    __slots__ = ("_name", "_send")

    def __init__(self, send: Send, name: bytes) -> None:
        self._send, self._name = send, name

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (request_id.HEADER, self._name)]
            message = {**message, "headers": headers}
        return self._send(message)


def _shows_name(scope: Scope) -> bool:
    # The Stack-compatible API has a header of its own for this, and no other (S-5).
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return not path.startswith("/api/")


def routes_of(app: FastAPI) -> dict[Any, str]:
    """Return the declared path of each endpoint, the shortest where it has several."""
    found: dict[Any, str] = {}
    for route in sorted(app.routes, key=lambda each: len(getattr(each, "path", ""))):
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            found.setdefault(endpoint, getattr(route, "path", OTHER))
    return found
