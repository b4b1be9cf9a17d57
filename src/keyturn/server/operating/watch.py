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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = request_id.begin(scope, self._proxies).encode()
        # The Stack-compatible API has a header of its own for this, and no other (S-5).
        shows_name = not scope["path"].removeprefix(scope.get("root_path", "")).startswith("/api/")
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if shows_name:
                    headers = [*message.get("headers", ()), (request_id.HEADER, name)]
                    message = {**message, "headers": headers}
            await send(message)

        metrics: Metrics | None = getattr(scope["app"].state, "metrics", None)
        if metrics is None and not self._logs:
            await self._app(scope, receive, sending)
            return
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


def routes_of(app: FastAPI) -> dict[Any, str]:
    """Return the declared path of each endpoint, the shortest where it has several."""
    found: dict[Any, str] = {}
    for route in sorted(app.routes, key=lambda each: len(getattr(each, "path", ""))):
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            found.setdefault(endpoint, getattr(route, "path", OTHER))
    return found
