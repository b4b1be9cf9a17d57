"""Sockets that keep one deadline over connecting, handshaking, writing and reading.

A socket's own timeout starts anew with every byte, so a server that trickles could hold a program,
and the refresh lock it holds, for as long as it likes. Here the whole exchange has one end.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from typing import TYPE_CHECKING, Any

from keyturn.protocol.errors import ServerUnreachable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from keyturn.net.proxy import Proxy

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]

_TICK_SECONDS = 1.0
_MAX_CONNECT_REPLY = 16 * 1024


class AddressRefused(OSError):
    """The name leads only to addresses that may not be reached."""


class Deadline:
    """The moment by which an exchange has to be over.

    Args:
        seconds: From now.
        monotonic: The clock it is read from.
        on_tick: Called about once a second while nothing arrives.
    """

    def __init__(
        self, seconds: float, *, monotonic: Callable[[], float], on_tick: Callable[[], None]
    ) -> None:
        self.on_tick = on_tick
        self._monotonic = monotonic
        self._at = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: none are.
        """
        seconds = self._at - self._monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class TimedSocket:
    """A connected socket, with as much of its interface as ``http.client`` uses.

    ``close`` waits for ``discard``: http.client closes the socket of a one-off connection before
    it has read the body.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self.deadline = deadline
        self._socket = connection

    def sendall(self, data: bytes) -> None:
        """Send all of ``data`` before the deadline."""
        self._socket.settimeout(self.deadline.left())
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a reader that keeps the deadline."""
        return io.BufferedReader(_TimedReader(self))

    def receive_into(self, buffer: Any) -> int:
        """Read what is there, waiting at most until the deadline, and tick meanwhile."""
        while True:
            self._socket.settimeout(min(self.deadline.left(), _TICK_SECONDS))
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                self.deadline.on_tick()

    def has_gone(self) -> bool:
        """Say whether the server has closed this idle connection."""
        try:
            self._socket.settimeout(0)
            # Below TLS on purpose: only whether the stream has ended is of interest.
            return socket.socket.recv(self._socket, 1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Do nothing yet; see ``discard``."""

    def discard(self) -> None:
        """Close for good; there is nothing left on it that a failure could spoil."""
        with contextlib.suppress(OSError):
            self._socket.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: TimedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(buffer)


def connect(
    host: str,
    port: int,
    deadline: Deadline,
    *,
    may_reach: Callable[[str], bool] | None = None,
) -> socket.socket:
    """Connect to the first address of ``host`` that answers.

    Each address gets its share of the time, so that a dead IPv6 route leaves some for IPv4.

    Args:
        host: Name or address.
        port: The port.
        deadline: When it has to be over.
        may_reach: Says of each address whether it may be connected to; ``None``: all may.

    Raises:
        AddressRefused: there was no address that may be reached.
        OSError: what the last address failed with.
    """
    addresses = _look_up(host, port, deadline)
    if may_reach is not None:
        addresses = [found for found in addresses if may_reach(found[4][0])]
        if not addresses:
            raise AddressRefused
    failure: OSError = OSError("no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.left() / (len(addresses) - index))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
    raise failure


def _look_up(host: str, port: int, deadline: Deadline) -> list[_Address]:
    """Resolve ``host``. The system's resolver knows no deadline, so it gets a thread of its own."""
    found: list[list[_Address] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.append([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not found:
        raise TimeoutError
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def tunnel(connection: socket.socket, target: str, proxy: Proxy, deadline: Deadline) -> None:
    """Ask an HTTP proxy for a connection to ``target``, ``host:port`` (RFC 9110 section 9.3.6).

    Raises:
        ServerUnreachable: the proxy declined.
    """
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.settimeout(deadline.left())
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    reply = b""
    # Byte by byte: what follows the empty line belongs to TLS.
    while not reply.endswith(b"\r\n\r\n") and len(reply) < _MAX_CONNECT_REPLY:
        connection.settimeout(deadline.left())
        byte = connection.recv(1)
        if not byte:
            break
        reply += byte
    status = reply.split(b" ", 2)[1:2]
    if status != [b"200"]:
        shown = status[0].decode("ascii", "replace")[:3] if status else "nothing"
        raise ServerUnreachable(
            f"The proxy {proxy.host}:{proxy.port} refused to connect to {target}: {shown}.",
            kind="proxy",
        )


def secure(
    connection: socket.socket, host: str, context: ssl.SSLContext, deadline: Deadline
) -> socket.socket:
    """Start TLS and check the certificate against ``host``."""
    connection.settimeout(deadline.left())
    return context.wrap_socket(connection, server_hostname=host)
