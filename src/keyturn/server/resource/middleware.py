"""An ASGI wrapper that lets only requests with a good access token through (RFC 6750, RFC 9728)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from keyturn.server.resource.errors import InvalidToken, KeysUnavailable

if TYPE_CHECKING:
    from keyturn.server.resource.access import VerifiedAccess
    from keyturn.server.resource.metadata import ProtectedResource
    from keyturn.server.resource.verifier import Verifies

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_WHERE = "keyturn.access"
_NO_STORE = {"Cache-Control": "no-store"}


def access_of(scope: Scope) -> VerifiedAccess:
    """Return what the token of this request says; for code behind ``RequireAccessToken``."""
    found: VerifiedAccess = scope[_WHERE]
    return found


class _Refused(Exception):
    def __init__(self, status: int, error: str | None, headers: dict[str, str]) -> None:
        super().__init__(error)
        self.status, self.error, self.headers = status, error, headers


class RequireAccessToken:
    """Wraps an ASGI app: everything needs a token, but for the resource's own metadata.

    Works in any framework that speaks ASGI. Web sockets are refused before they are accepted.

    Args:
        app: What is behind the door.
        resource: What the door says of itself; its metadata is answered here, too.
        verifier: Checks the tokens.
        scopes: What every token must hold.
        open_paths: Whole paths that need no token, as ``/health``.
    """

    def __init__(
        self,
        app: App,
        *,
        resource: ProtectedResource,
        verifier: Verifies,
        scopes: Iterable[str] = (),
        open_paths: Iterable[str] = (),
    ) -> None:
        self._app, self._resource, self._verifier = app, resource, verifier
        self._scopes, self._open = tuple(scopes), frozenset(open_paths)
        self._metadata = ResourceMetadata(resource)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            if scope["path"] == self._resource.metadata_path:
                await self._metadata(scope, receive, send)
                return
            if scope["path"] in self._open:
                await self._app(scope, receive, send)
                return
        try:
            access = await self._check(scope)
        except _Refused as refused:
            await self._refuse(scope, receive, send, refused)
            return
        # A scope of its own: nothing outside can have put an access there.
        await self._app({**scope, _WHERE: access}, receive, send)

    async def _check(self, scope: Scope) -> VerifiedAccess:
        needed = " ".join(self._scopes) or None
        given = [v for n, v in scope["headers"] if n.lower() == b"authorization"]
        if len(given) > 1:
            raise self._challenged(400, "invalid_request", needed)
        scheme, _, token = (given[0].decode("latin-1") if given else "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            # RFC 6750 section 3.1: no error code where nothing was presented.
            raise self._challenged(401, None, needed)
        try:
            access = await self._verifier.verify(token.strip())
        except InvalidToken:
            raise self._challenged(401, "invalid_token", needed) from None
        except KeysUnavailable:
            raise _Refused(503, "temporarily_unavailable", {"Retry-After": "5"}) from None
        if not access.scope.issuperset(self._scopes):
            raise self._challenged(403, "insufficient_scope", needed)
        return access

    def _challenged(self, status: int, error: str | None, scope: str | None) -> _Refused:
        challenge = self._resource.challenge(error, scope=scope)
        return _Refused(status, error, {"WWW-Authenticate": challenge})

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refused: _Refused) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # 403 before it is accepted
            return
        body = {"error": refused.error or "invalid_token"}
        await _answer(scope, send, refused.status, body, {**_NO_STORE, **refused.headers})


class ResourceMetadata:
    """An ASGI app that answers with a resource's metadata, for any path and any origin."""

    def __init__(self, resource: ProtectedResource) -> None:
        self._resource = resource

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        anyone = {"Access-Control-Allow-Origin": "*"}
        if scope["method"] not in ("GET", "HEAD"):
            allowed = {"Allow": "GET, HEAD", **anyone}
            await _answer(scope, send, 405, {"error": "invalid_request"}, allowed)
            return
        cached = {"Cache-Control": "public, max-age=300", **anyone}
        await _answer(scope, send, 200, self._resource.document(), cached)


async def _answer(
    scope: Scope, send: Send, status: int, body: dict[str, Any], headers: dict[str, str]
) -> None:
    raw = json.dumps(body, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(raw)),
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else raw})
