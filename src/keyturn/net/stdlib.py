"""The client's HTTP, on ``http.client`` alone: one flow's requests, over connections it keeps.

It refuses what a sign-in never needs: redirects are handed back as they are, so a token request
cannot be sent on to another host; certificates are always checked, and there is no switch; bodies
and the time for a whole exchange are bounded.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from keyturn.net.body import read_body
from keyturn.net.proxy import proxy_for
from keyturn.net.sockets import AddressRefused, Deadline, TimedSocket, connect, secure, tunnel
from keyturn.net.trust import system_context
from keyturn.protocol.errors import ServerUnreachable
from keyturn.protocol.wire import Reply, Request, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from keyturn.net.proxy import Proxy

LIMIT_SECONDS = 10.0


def _ignore() -> None:
    pass


class Http:
    """Sends requests on the caller's thread; keeps a connection per server until closed.

    Args:
        monotonic: The clock that deadlines are read from.
        sleep: Does nothing for the seconds given.
        environ: Where proxies and ``SSL_CERT_FILE`` are named.
        user_agent: Sent where a request has none of its own.
        on_tick: Called about once a second while an answer is held back.
        may_reach: Says of each address whether it may be connected to; ``None``: all may.
        on_exchange: Told about every exchange: method, host, status (``None``: no answer), seconds.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        environ: Mapping[str, str],
        user_agent: str,
        on_tick: Callable[[], None] = _ignore,
        on_exchange: Callable[[str, str, int | None, float], None] | None = None,
        may_reach: Callable[[str], bool] | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._environ = environ
        self._user_agent = user_agent
        self._on_tick = on_tick
        self._on_exchange = on_exchange
        self._may_reach = may_reach
        self._open: dict[str, _Connection] = {}

    def __enter__(self) -> Http:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        while self._open:
            self._open.popitem()[1].discard()

    def pause(self, seconds: float) -> float:
        """Sleep for ``seconds``, ticking about once a second; return the monotonic time."""
        until = self._monotonic() + seconds
        while (left := until - self._monotonic()) > 0:
            self._sleep(min(left, 1.0))
            self._on_tick()
        return self._monotonic()

    def send(self, request: Request) -> Reply:
        """Send one request and return its whole reply, whatever its status.

        Raises:
            ServerUnreachable: no whole answer came in time, or the certificate was not accepted.
            UnexpectedReply: the answer is too big or encoded in a way nobody asked for.
        """
        seconds = LIMIT_SECONDS if request.limit_seconds is None else request.limit_seconds
        deadline = Deadline(
            seconds + request.hold_seconds, monotonic=self._monotonic, on_tick=self._on_tick
        )
        started, status = self._monotonic(), None
        try:
            reply = self._exchange(request, deadline, started)
            status = reply.status
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise _unreachable(error, host_of(request.url), seconds) from error
        finally:
            if self._on_exchange is not None:
                took = self._monotonic() - started
                self._on_exchange(request.method, host_of(request.url), status, took)
        return reply

    def _exchange(self, request: Request, deadline: Deadline, started: float) -> Reply:
        target = urlsplit(request.url)
        key = f"{target.scheme}://{target.netloc}"
        # Taken out while in use: whatever fails below leaves no half-read connection behind.
        connection = self._still_open(key) or self._connect(target, deadline)
        try:
            reply, reusable = self._talk(connection, target, request, deadline, started)
        except BaseException:
            connection.discard()
            raise
        if reusable:
            self._open[key] = connection
        else:
            connection.discard()
        return reply

    def _still_open(self, key: str) -> _Connection | None:
        # A refresh must not be sent twice, so a connection that broke in the middle is never
        # retried; instead one that the server closed while it was idle is not used at all.
        connection = self._open.pop(key, None)
        if connection is not None and connection.timed.has_gone():
            connection.discard()
            return None
        return connection

    def _talk(
        self,
        connection: _Connection,
        target: SplitResult,
        request: Request,
        deadline: Deadline,
        started: float,
    ) -> tuple[Reply, bool]:
        connection.timed.deadline = deadline
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = {
            "User-Agent": self._user_agent,
            # Not worth it for what a sign-in sends; what comes compressed anyway is bounded.
            "Accept-Encoding": "identity",
            **request.headers,
        }
        connection.request(request.method, path, body=request.body, headers=headers)
        response = connection.getresponse()
        body = read_body(response)
        now = self._monotonic()
        reply = Reply(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=body,
            elapsed_seconds=now - started,
            at=now,
        )
        return reply, not response.will_close

    def _connect(self, target: SplitResult, deadline: Deadline) -> _Connection:
        host, secured = target.hostname or "", target.scheme == "https"
        port = target.port or (443 if secured else 80)
        proxy = proxy_for(target, self._environ)
        if proxy is None:
            raw = connect(host, port, deadline, may_reach=self._may_reach)
        else:
            raw = self._reach_proxy(proxy, deadline)
        try:
            if proxy is not None:
                tunnel(raw, f"{host}:{port}", proxy, deadline)
            if secured:
                raw = secure(raw, host, system_context(self._environ), deadline)
        except BaseException:
            raw.close()
            raise
        return _Connection(host, port, timed=TimedSocket(raw, deadline), secured=secured)

    def _reach_proxy(self, proxy: Proxy, deadline: Deadline) -> socket.socket:
        try:
            return connect(proxy.host, proxy.port, deadline, may_reach=self._may_reach)
        except AddressRefused:
            raise
        except (OSError, UnicodeError) as error:
            # Whoever was told that the server is gone would look in the wrong place.
            raise ServerUnreachable(
                f"The proxy {proxy.host}:{proxy.port} does not answer.", kind="proxy"
            ) from error


class _Connection(http.client.HTTPConnection):
    """http.client's requests and replies over a socket that we connected ourselves."""

    def __init__(self, host: str, port: int, *, timed: TimedSocket, secured: bool) -> None:
        super().__init__(host, port)
        self.default_port = 443 if secured else 80  # So that Host names only unusual ports.
        self.sock = timed
        self.timed = timed

    def discard(self) -> None:
        self.close()
        self.timed.discard()


def _unreachable(error: Exception, host: str, seconds: float) -> ServerUnreachable:
    """Say what stood in the way, by the error's type; its text may quote the wire."""
    if isinstance(error, TimeoutError):
        return ServerUnreachable(
            f"{host} did not answer within {seconds:g} seconds.", kind="timeout"
        )
    if isinstance(error, AddressRefused):
        return ServerUnreachable(f"{host} leads inside a network.", kind="connection")
    if isinstance(error, socket.gaierror | UnicodeError):
        return ServerUnreachable(f"No computer called {host} was found.", kind="name")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerUnreachable(
            f"The certificate of {host} was not accepted: {error.verify_message}.",
            kind="tls",
            hint="Check this computer's clock, or name your organisation's certificates in "
            "SSL_CERT_FILE.",
        )
    if isinstance(error, ssl.SSLError):
        return ServerUnreachable(f"No secure connection to {host} was possible.", kind="tls")
    if isinstance(error, ConnectionRefusedError):
        return ServerUnreachable(f"Nothing answers at {host}.", kind="connection")
    return ServerUnreachable(f"The connection to {host} broke off.", kind="connection")
