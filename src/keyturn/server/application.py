"""The ASGI app, and the short way through it that the most frequent requests take.

A framework's layers (error pages, exit stacks, the search through all routes) cost more than many
a request does, and a request that waits holds a frame in each. The endpoints that programs ask
again and again answer whatever happens by themselves and need none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from keyturn.server.http.target import AsciiTargets
from keyturn.server.mounting.asgi import OpensItself, is_open
from keyturn.server.operating.tracing import traced
from keyturn.server.operating.watch import Watched
from keyturn.server.stack.route import StackRoute

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from keyturn.server.settings import Settings

# Each is declared with an endpoint that turns every error into an answer of its own.
FREQUENT = frozenset(
    {
        ("POST", "/oauth/token"),
        ("POST", "/oauth/introspect"),
        ("GET", "/oauth/userinfo"),
        ("GET", "/oauth/jwks"),
        ("POST", "/oauth/ack"),
        ("POST", "/api/v1/auth/cli/poll"),
        ("POST", "/api/latest/auth/cli/poll"),
    }
)


class Application(FastAPI):
    """The server's app. Its requests are watched outermost, whichever way they take."""

    middleware_stack: ASGIApp | None
    openapi_schema: dict[str, Any] | None

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self.add_middleware(OpensItself)
        self.add_middleware(AsciiTargets)
        self._own_layers = len(self.user_middleware)

    def openapi(self) -> dict[str, Any]:
        """Return the document. It is made when it is first asked for, and its routes with it."""
        if self.openapi_schema is None:
            self.openapi_schema = get_openapi(
                title=self.title,
                version=self.version,
                openapi_version=self.openapi_version,
                routes=[
                    route.described() if isinstance(route, StackRoute) else route
                    for route in self.routes
                ],
            )
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or live as long as the lifespan says.

        FastAPI would trace requests here as soon as an OpenTelemetry SDK is set up, with the whole
        address of each: addresses of ours may hold single-use codes.
        """
        if self.root_path:
            scope["root_path"] = self.root_path
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return everything between a request and its endpoint."""
        long_way = super().build_middleware_stack()
        # A layer that a host has added wants to see every request; a prefix is taken off later.
        if len(self.user_middleware) > self._own_layers or urlsplit(self._settings.issuer).path:
            way: ASGIApp = long_way
        else:
            way = ShortWay(self, long_way)
        return Watched(traced(way, self._settings), self._settings)


class ShortWay:
    """Hands the most frequent requests to their endpoints at once, all others to ``long_way``."""

    def __init__(self, app: FastAPI, long_way: ASGIApp) -> None:
        self._app, self._long_way = app, long_way
        self._endpoints: dict[tuple[str, str], tuple[ASGIApp, Any]] = {}
        for route in reversed(app.routes):  # of two that fit, the first one answers
            path = getattr(route, "path", None)
            for method in getattr(route, "methods", None) or ():
                if (method, path) in FREQUENT:
                    self._endpoints[method, str(path)] = route.app, route.endpoint  # type: ignore[attr-defined]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer with one or the other."""
        if (
            scope["type"] == "http"
            and not scope.get("root_path")
            and (found := self._endpoints.get((scope["method"], scope["path"])))
            and scope["query_string"].isascii()
            and is_open(self._app)
        ):
            scope["endpoint"] = found[1]
            return found[0](scope, receive, send)
        return self._long_way(scope, receive, send)
