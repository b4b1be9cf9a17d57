"""The real sign-in server, in this process, on a free port, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import itertools
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyturn.client import clock
from keyturn.protocol.errors import MissingExtra
from keyturn.testing.person import Person

try:
    import uvicorn

    from keyturn.server.app import create_app, services_of
    from keyturn.server.first_start import first_start
    from keyturn.server.http.connection import BoundedProtocol
    from keyturn.server.settings import Settings
except ModuleNotFoundError as _missing:
    raise MissingExtra("server", needed_for="The test kit's server") from _missing

if TYPE_CHECKING:
    from types import TracebackType

_PATIENCE_SECONDS = 30.0


class MovableClock:
    """The machine's clock, put forward: for a server and for the programs that talk to it.

    Hand ``now`` and ``monotonic`` to a program's Effects, so that both sides agree.

    Attributes:
        ahead_seconds: How far it is ahead of the machine's.
    """

    def __init__(self) -> None:
        self.ahead_seconds: float = 0.0

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        self.ahead_seconds += seconds

    def now(self) -> float:
        """Return epoch seconds."""
        return clock.now() + self.ahead_seconds

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        return round(self.now() * 1000)

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return clock.monotonic() + self.ahead_seconds


class SignInServer:
    """A whole Keyturn server with one project and one public client.

    Used as a context manager. Its data lies in a folder that is removed afterwards; sign-ins,
    rotation, pages and errors are those of ``keyturn serve``, but nothing counts attempts.

    Args:
        access_token_seconds: How long an access token lives.
        settings: Any other setting of the server, by its name.

    Attributes:
        clock: The server's clock, which a test may put forward.
        issuer: Its address, once it runs.
        client_id: What a program says as ``client_id``.
        project_id: The project, for ``StackProject``.
        publishable_client_key: That project's, for ``StackProject``.

    Raises:
        MissingExtra: at import, where the extra ``server`` is not installed.
    """

    def __init__(self, *, access_token_seconds: int = 600, **settings: Any) -> None:
        self.clock: MovableClock = MovableClock()
        self.issuer: str = ""
        self.client_id: str = "keyturn-cli"
        self.project_id: str = "default"
        self.publishable_client_key: str = ""
        self._given = {"access_token_seconds": access_token_seconds, **settings}
        self._numbers = itertools.count(1)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self._running: _Running | None = None

    def __enter__(self) -> SignInServer:
        """Start it and return once it answers.

        Raises:
            SettingsProblem, OSError: it cannot start.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="keyturn-testing-")
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        settings = Settings.model_validate(
            {"data": Path(self._folder.name), "port": port, "rate_limits": "off", **self._given}
        )
        self._running = _Running(settings, listener, self.clock)
        self._thread = threading.Thread(target=self._running.run, name="keyturn-testing")
        self._thread.start()
        self._running.ready.wait(_PATIENCE_SECONDS)
        if self._running.failure is not None:
            failure = self._running.failure
            self._end()
            raise failure
        self.issuer = settings.issuer
        self.publishable_client_key = self._running.publishable_client_key
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def person(self, *, email: str | None = None) -> Person:
        """Return somebody new, who makes an account here at their first sign-in.

        Args:
            email: An address that nobody here has yet; made up where left out.
        """
        return Person(email=email or f"person-{next(self._numbers)}@example.com")

    def _end(self) -> None:
        if self._running is not None:
            self._running.stop()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)
        if self._folder is not None:
            self._folder.cleanup()


class _Server(uvicorn.Server):
    """Says when it is ready, and answers held requests as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        services_of(app).hub.close()
        await super().shutdown(sockets)


class _Running:
    """The server's thread, with an event loop of its own."""

    def __init__(self, settings: Settings, listener: socket.socket, time: MovableClock) -> None:
        self.ready = threading.Event()
        self.failure: Exception | None = None
        self.publishable_client_key = ""
        self._settings = settings
        self._listener = listener
        config = uvicorn.Config(
            create_app(settings, clock=time),
            http=BoundedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config, self.ready)

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self.failure = error
        finally:
            self._listener.close()
            self.ready.set()

    def stop(self) -> None:
        self._server.should_exit = True

    async def _serve(self) -> None:
        made = await first_start(self._settings)
        if made is not None:
            self.publishable_client_key = made.keys.publishable_client_key
        await self._server.serve(sockets=[self._listener])
