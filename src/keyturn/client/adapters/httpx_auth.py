"""``auth.httpx()``: an auth object for the clients of httpx2 and httpx, blocking and awaitable.

Both libraries follow redirects underneath this, and drop ``Authorization`` where one leads to
another origin (but for http to https on one host's usual ports, and http is for loopback only). So
the answer that comes up here may be another origin's; it is taken as ours only where the request it
belongs to still carried the token.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any, cast

from keyturn.protocol.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    import httpx
    import httpx2

    from keyturn.client.adapters.bearer import Bearer, Issued

    class _Base(httpx2.Auth, httpx.Auth):
        def auth_flow(self, request: Any) -> Generator[Any, Any, None]: ...
        def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]: ...
        def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]: ...

else:
    _Base = object

_LIBRARIES = ("httpx2", "httpx")


class HttpxAuth(_Base):
    """Puts the token on requests to one origin; after a 401 renews it and repeats the request.

    Once, and only where the body is held in memory: one that is streamed is gone by then, and so
    the 401 stands, with a warning, and the next request has a good token.

    Args:
        bearer: Whose tokens, and for which origin.
    """

    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    def __repr__(self) -> str:
        return f"HttpxAuth({self._bearer!r})"

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Carry out one request of a blocking client."""
        if not self._bearer.is_for(str(request.url)):
            yield request
            return
        issued = _put(self._bearer.issue(), request)
        response = yield request
        if not _was_rejected(response, issued):
            return
        renewed = self._bearer.instead_of(issued)
        if renewed is not None and self._is_repeatable(request):
            _put(renewed, response.request)
            yield response.request

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Carry out one request of an awaitable client; whatever blocks does so in a thread."""
        from anyio.to_thread import run_sync  # Comes with both libraries.

        if not self._bearer.is_for(str(request.url)):
            yield request
            return
        # Cancelled, the thread goes on to its end: a renewal that was sent is stored.
        issued = _put(await run_sync(self._bearer.issue, abandon_on_cancel=True), request)
        response = yield request
        if not _was_rejected(response, issued):
            return
        renewed = await run_sync(self._bearer.instead_of, issued, abandon_on_cancel=True)
        if renewed is not None and self._is_repeatable(request):
            _put(renewed, response.request)
            # The last step alone, where redirects led there: what went before has been done.
            yield response.request

    def _is_repeatable(self, request: Any) -> bool:
        try:
            request.content  # noqa: B018 - raises where the body was not held in memory
        except RuntimeError:
            self._bearer.could_not_repeat()
            return False
        return True


def httpx_auth(bearer: Bearer) -> HttpxAuth:
    """Return an auth object for whichever of the two libraries the program has imported.

    Where it has imported neither yet, for every one that is installed.

    Raises:
        MissingExtra: neither is installed.
    """
    libraries = [name for name in _LIBRARIES if sys.modules.get(name) is not None] or [
        name for name in _LIBRARIES if importlib.util.find_spec(name) is not None
    ]
    if not libraries:
        raise MissingExtra("httpx", needed_for="auth.httpx()")
    bases = tuple(importlib.import_module(name).Auth for name in libraries)
    # Each library takes only subclasses of its own Auth, and neither may be needed by the other.
    kind = type("HttpxAuth", (HttpxAuth, *bases), {})
    return cast("HttpxAuth", kind(bearer))


def _put(issued: Issued, request: Any) -> Issued:
    request.headers["Authorization"] = issued.header
    return issued


def _was_rejected(response: Any, issued: Issued) -> bool:
    sent = response.request.headers.get("Authorization")
    return bool(response.status_code == 401 and sent == issued.header)
