"""The request target is ASCII (RFC 3986 section 2), or the request is refused.

uvicorn refuses raw bytes by itself. Other servers that a mounted app may run under pass them on,
and whatever takes the URL apart later would fail on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class AsciiTargets:
    """Answers 400 to a query with raw bytes beyond ASCII. An ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a readable request on."""
        app = self._app
        if scope["type"] == "http" and not scope["query_string"].isascii():
            app = PlainTextResponse(
                "The query must be percent-encoded",
                status_code=400,
                headers={"cache-control": "no-store"},
            )
        await app(scope, receive, send)
