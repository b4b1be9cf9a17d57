"""The little server on 127.0.0.1 that the browser comes back to (RFC 8252 section 7.3).

Any page in any browser on this computer can send requests here, and so can other users. One path,
one method and its own Host are served; everything else gets a 4xx and the wait goes on. Requests
are read side by side, so a slow or silent one keeps nobody waiting. The page is static: it
reflects nothing and promises only what is certain.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from typing import TYPE_CHECKING, Generic, TypeVar

from keyturn.net.callback_http import Answer, Conversation, Served
from keyturn.protocol.errors import CallbackTimeout, KeyturnError, PortUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


T = TypeVar("T")

HOST = "127.0.0.1"  # The literal: `localhost` may be pointed elsewhere (RFC 8252 section 8.3).
PATH = "/callback"
_PORTS_TO_TRY = 10
_MOST_CONVERSATIONS = 64
_FAREWELL_SECONDS = 2.0


class CallbackServer:
    """Listens on loopback from construction on; a context manager closes it.

    Args:
        port: Where to listen, walking on to the next nine when busy; 0: any free port.
        monotonic: The clock that waiting is timed by.

    Attributes:
        port: Where it listens.
        redirect_uri: What to name in the authorization request.

    Raises:
        PortUnavailable: nothing was free.
    """

    def __init__(self, *, port: int, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: dict[socket.socket, Conversation] = {}
        self._listener = _listen(port)
        try:
            self.port: int = self._listener.getsockname()[1]
            self.redirect_uri: str = f"http://{HOST}:{self.port}{PATH}"
            self._selector = _watching(self._listener)
        except OSError as error:
            self._listener.close()
            raise _broken(error) from None

    def __enter__(self) -> CallbackServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and drop whoever is still talking."""
        for connection in list(self._open):
            self._drop(connection)
        for part in (self._selector, self._listener):
            with contextlib.suppress(OSError):
                part.close()

    def wait(
        self,
        judge: Callable[[str], T | None],
        *,
        until: float,
        on_tick: Callable[[], None],
    ) -> T:
        """Serve until ``judge`` accepts a query, and return what it made of it.

        Args:
            judge: Takes the query of a request for the callback path. ``None``: not for us, go on
                waiting. A KeyturnError it raises ends the wait as well: the answer was ours, and
                it was no.
            until: The monotonic time to give up at.
            on_tick: Called about once a second.

        Raises:
            CallbackTimeout: nothing acceptable came in time.
            PortUnavailable: the system no longer lets anybody in.
        """
        verdict = _Verdict(judge)
        next_tick = self._monotonic()
        while not verdict.given:
            now = self._monotonic()
            if now >= until:
                raise CallbackTimeout
            if now >= next_tick:
                on_tick()
                next_tick = now + 1.0
            self._serve_once(verdict, timeout=min(0.25, until - now))
        self._say_goodbye()
        return verdict.outcome()

    def _serve_once(self, verdict: _Verdict[T], *, timeout: float) -> None:
        try:
            ready = self._selector.select(timeout)
        except OSError as error:
            raise _broken(error) from None
        for key, _ in ready:
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket):
                self._advance(key.fileobj, verdict)
        now = self._monotonic()
        for connection, conversation in list(self._open.items()):
            if conversation.is_overdue(now):
                self._drop(connection)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        host = f"{HOST}:{self.port}"
        self._open[connection] = Conversation(host=host, path=PATH, now=self._monotonic())
        try:
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
        except OSError:
            self._drop(connection)
        if len(self._open) > _MOST_CONVERSATIONS:
            self._drop(connection)

    def _advance(self, connection: socket.socket, verdict: _Verdict[T]) -> None:
        conversation = self._open[connection]
        try:
            served = conversation.advance(connection, verdict.ask)
            if served is Served.WRITING:
                self._selector.modify(connection, selectors.EVENT_WRITE)
        except OSError:
            served = Served.FINISHED
        if served is Served.FINISHED:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        del self._open[connection]
        with contextlib.suppress(OSError, KeyError):  # KeyError: it was never watched.
            self._selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def _say_goodbye(self) -> None:
        """Let the page that was promised reach the browser before the port closes."""
        until = self._monotonic() + _FAREWELL_SECONDS
        nobody: _Verdict[None] = _Verdict(lambda query: None)
        while self._is_writing() and self._monotonic() < until:
            self._serve_once(nobody, timeout=0.1)

    def _is_writing(self) -> bool:
        return any(conversation.is_writing for conversation in self._open.values())


class _Verdict(Generic[T]):
    """What has been decided about the attempt so far."""

    def __init__(self, judge: Callable[[str], T | None]) -> None:
        self._judge = judge
        self._accepted: T | None = None
        self._failure: KeyturnError | None = None

    @property
    def given(self) -> bool:
        return self._accepted is not None or self._failure is not None

    def ask(self, query: str) -> Answer:
        if self.given:
            return Answer.IGNORED  # The first answer counts; a second could only be a replay.
        try:
            self._accepted = self._judge(query)
        except KeyturnError as failure:
            self._failure = failure
            return Answer.FAILED
        return Answer.IGNORED if self._accepted is None else Answer.ACCEPTED

    def outcome(self) -> T:
        if self._failure is not None:
            raise self._failure
        if self._accepted is None:
            raise CallbackTimeout
        return self._accepted


def _listen(port: int) -> socket.socket:
    for candidate in range(port, port + _PORTS_TO_TRY) if port else (0,):
        try:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise _broken(error) from None
        try:
            if os.name == "nt":
                # Elsewhere nobody can bind a port that is being listened on; here this forbids it.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
            else:
                # Only so that the remains of the sign-in before do not block a fixed port.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, candidate))
            listener.listen(_MOST_CONVERSATIONS)
            listener.setblocking(False)
        except (OSError, OverflowError):
            listener.close()
        else:
            return listener
    tried = f"{port} to {port + _PORTS_TO_TRY - 1}" if port else "any port"
    raise PortUnavailable(f"No port to come back to was free on this computer ({tried}).")


def _watching(listener: socket.socket) -> selectors.BaseSelector:
    selector = selectors.DefaultSelector()
    try:
        selector.register(listener, selectors.EVENT_READ)
    except OSError:
        selector.close()
        raise
    return selector


def _broken(error: OSError) -> PortUnavailable:
    reason = os.strerror(error.errno or 0)
    return PortUnavailable(f"No browser can come back to this computer just now: {reason}.")
