"""The SDK's HTTP: a client of httpx2, or any that is used like one, blocking or awaitable.

Redirects are handed back as they are, so a token is never sent on to another host, and cookies are
not kept: one app speaks for many people.
"""

from __future__ import annotations

import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from keyturn.protocol.errors import MissingExtra, ServerUnreachable
from keyturn.protocol.wire import Reply, Request, host_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

LIMIT_SECONDS = 30.0

C = TypeVar("C")


class HttpClient(Protocol):
    """What is used of ``httpx2.Client`` or ``httpx2.AsyncClient``, whose answer is awaited."""

    def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Send one request and return its response."""
        ...


class HttpxSender:
    """Sends on the caller's thread; may be used by several.

    Args:
        client: To send with; it stays its owner's to close. Left out, one is made when needed.
        monotonic: The clock that exchanges are timed by.
        sleep: Does nothing for the seconds given.
    """

    def __init__(
        self,
        client: HttpClient | None,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        if client is not None and inspect.iscoroutinefunction(client.request):
            raise TypeError("a blocking app needs a blocking HTTP client")
        self._client = _Lazy(client, lambda library: library.Client(**_options()))
        self._monotonic = monotonic
        self._sleep = sleep

    def send(self, request: Request) -> Reply:
        """Send one request and return its whole reply, whatever its status.

        Raises:
            ServerUnreachable: no whole answer came, in time or at all.
        """
        client, started = self._client.get(), self._monotonic()
        try:
            response = client.request(
                request.method,
                request.url,
                content=request.body,
                headers=request.headers,
                timeout=_seconds(request),
            )
        except self._client.failures as error:
            raise _unreachable(error, request) from error
        return _reply(response, started, self._monotonic())

    def pause(self, seconds: float) -> float:
        """Sleep for ``seconds`` and return the monotonic time afterwards."""
        self._sleep(seconds)
        return self._monotonic()

    def close(self) -> None:
        """Close the connections, unless they are somebody else's."""
        made = self._client.take()
        if made is not None:
            made.close()


class AsyncHttpxSender:
    """The same on the running event loop; see HttpxSender."""

    def __init__(
        self,
        client: HttpClient | None,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        if client is not None and not inspect.iscoroutinefunction(client.request):
            raise TypeError("an awaitable app needs an awaitable HTTP client")
        self._client = _Lazy(client, lambda library: library.AsyncClient(**_options()))
        self._monotonic = monotonic
        self._sleep = sleep

    async def send(self, request: Request) -> Reply:
        """Send one request and return its whole reply, whatever its status.

        Raises:
            ServerUnreachable: no whole answer came, in time or at all.
        """
        client, started = self._client.get(), self._monotonic()
        try:
            response = await client.request(
                request.method,
                request.url,
                content=request.body,
                headers=request.headers,
                timeout=_seconds(request),
            )
        except self._client.failures as error:
            raise _unreachable(error, request) from error
        return _reply(response, started, self._monotonic())

    async def pause(self, seconds: float) -> float:
        """Sleep for ``seconds`` and return the monotonic time afterwards."""
        await self._sleep(seconds)
        return self._monotonic()

    async def close(self) -> None:
        """Close the connections, unless they are somebody else's."""
        made = self._client.take()
        if made is not None:
            await made.aclose()


class _Lazy:
    """The client given, or one of our own: reading certificates takes a while, so when needed."""

    def __init__(self, given: HttpClient | None, make: Callable[[Any], Any]) -> None:
        self._given = given
        self._make = make
        self._made: Any = None
        self._lock = threading.Lock()
        self.failures: tuple[type[Exception], ...] = ()
        if given is not None:
            self.failures = _failures_of(type(given))

    def get(self) -> Any:
        if self._given is not None:
            return self._given
        if self._made is None:
            with self._lock:
                if self._made is None:
                    library = _httpx2()
                    self.failures = (library.RequestError,)
                    self._made = self._make(library)
        return self._made

    def take(self) -> Any:
        with self._lock:
            made, self._made = self._made, None
        return made


def _options() -> dict[str, Any]:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return {"cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[]))}


def _httpx2() -> Any:
    try:
        import httpx2
    except ImportError:
        raise MissingExtra("sdk", needed_for="The SDK") from None
    return httpx2


def _failures_of(client: type) -> tuple[type[Exception], ...]:
    """Return what the library that ``client`` comes from raises when nothing answers."""
    for parent in client.__mro__:
        library = sys.modules.get(parent.__module__.partition(".")[0])
        failure = getattr(library, "RequestError", None)
        if isinstance(failure, type) and issubclass(failure, Exception):
            return (failure,)
    return (OSError,)


def _seconds(request: Request) -> float:
    limit = LIMIT_SECONDS if request.limit_seconds is None else request.limit_seconds
    return limit + request.hold_seconds


def _reply(response: Any, started: float, now: float) -> Reply:
    return Reply(
        status=response.status_code,
        headers={
            name.lower().decode("latin-1"): value.decode("latin-1")
            for name, value in response.headers.raw
        },
        body=response.content,
        elapsed_seconds=now - started,
        at=now,
    )


def _unreachable(error: Exception, request: Request) -> ServerUnreachable:
    """Say what stood in the way, by the error's type; its text may quote the wire."""
    host, kind = host_of(request.url), type(error).__name__
    if "Timeout" in kind:
        return ServerUnreachable(
            f"{host} did not answer within {_seconds(request):g} seconds.", kind="timeout"
        )
    if kind == "ProxyError":
        return ServerUnreachable(f"The proxy on the way to {host} failed.", kind="proxy")
    if kind == "ConnectError":
        return ServerUnreachable(f"Nothing answers at {host}.", kind="connection")
    return ServerUnreachable(f"The connection to {host} broke off.", kind="connection")
