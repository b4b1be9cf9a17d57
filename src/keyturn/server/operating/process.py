"""One serving process: how it runs, says that it is ready, and ends.

At SIGTERM it first says at ``/ready`` that requests had better go elsewhere, goes on answering for
as long as the balancer needs to notice, then answers what is held, finishes what runs, and exits 0.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from keyturn.server.app import create_app
from keyturn.server.http.connection import BoundedProtocol
from keyturn.server.operating import memory
from keyturn.server.operating.supervisor import Supervisor
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI
    from prometheus_client import CollectorRegistry

    from keyturn.server.settings import Settings

# How long running requests may take at shutdown; held ones are answered at once.
DRAIN_SECONDS = 15
BACKLOG = 2048
_TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What a worker has of the process that started it: descriptors.

    Attributes:
        tell: Takes one byte once this worker answers.
        life: Reaches its end when the parent is gone.
    """

    tell: int
    life: int


def run(settings: Settings, listener: socket.socket) -> int:
    """Serve in this process until SIGTERM or SIGINT; 0 once drained, 1 if it could not start.

    Raises:
        SettingsProblem: the address for metrics cannot be used.
    """
    app = create_app(settings)
    with ExitStack() as stack:
        if settings.metrics is not None:
            # Here and below: who wants no numbers need not carry the library that keeps them.
            from keyturn.server.operating import metrics as numbers

            app.state.metrics = numbers.Metrics()
            registry = numbers.with_process_facts(app.state.metrics)
            stack.callback(_serve_metrics(numbers.serve, registry, settings.metrics))
        return _serve(app, listener, settings, ready=lambda: _say_ready(settings))


def run_worker(settings: Settings, listener: socket.socket, parent: Parent) -> int:
    """Serve as one of several until SIGTERM or until the parent is gone."""
    app = create_app(settings)
    if settings.metrics is not None:
        from keyturn.server.operating import metrics as numbers

        app.state.metrics = numbers.Metrics()

    def ready() -> None:
        os.write(parent.tell, b".")
        os.close(parent.tell)

    return _serve(app, listener, settings, ready=ready, life=parent.life)


def run_workers(settings: Settings, listener: socket.socket, command: Sequence[str]) -> int:
    """Run ``settings.workers`` processes on one socket until SIGTERM or SIGINT.

    Args:
        settings: With the port that the socket has.
        listener: Listens already.
        command: Starts one worker, but for its descriptors.

    Raises:
        SettingsProblem: the address for metrics cannot be used.
    """
    environ, ended = dict(os.environ), _nothing
    listener.listen(BACKLOG)
    with ExitStack() as stack:
        if settings.metrics is not None:
            from keyturn.server.operating import metrics as numbers

            shared = stack.enter_context(numbers.shared())
            environ[numbers.SHARED_VARIABLE] = shared.folder
            ended = shared.ended
            stack.callback(_serve_metrics(numbers.serve, shared.registry, settings.metrics))
        return Supervisor(
            command,
            listener,
            count=settings.workers,
            environ=environ,
            stop_seconds=settings.drain_seconds + DRAIN_SECONDS + 5,
            ready=lambda: _say_ready(settings),
            ended=ended,
        ).run()


def _say_ready(settings: Settings) -> None:
    print(f"Keyturn is ready at {settings.issuer}", flush=True)  # noqa: T201


def _nothing(pid: int) -> None:
    """Nobody keeps numbers of those that have ended."""


def _serve(
    app: FastAPI,
    listener: socket.socket,
    settings: Settings,
    *,
    ready: Callable[[], None],
    life: int | None = None,
) -> int:
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # Addresses are worked out from the settings, not by the HTTP server.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        lifespan="on",
    )
    _allow_many_connections()
    server = Server(config, app, drain_seconds=settings.drain_seconds, ready=ready, life=life)
    # uvicorn drains on these and then raises them again; by then the work is done. Before it
    # listens to them itself, they are noted here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.note_signal)
    server.run(sockets=[listener])
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """Says when it is ready, and answers held requests as soon as it is told to stop."""

    should_exit: bool

    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        *,
        drain_seconds: float,
        ready: Callable[[], None],
        life: int | None,
    ) -> None:
        super().__init__(config)
        self._app, self._drain_seconds = app, drain_seconds
        self._ready, self._life = ready, life

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self._life is not None:
            asyncio.get_running_loop().add_reader(self._life, self._parent_is_gone)
        if not self.started:
            return
        memory.settle()
        self._ready()
        if self.should_exit:
            # Told to stop while it started: uvicorn would leave without closing anything.
            self.should_exit = False
            asyncio.get_running_loop().call_soon(self.note_signal)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain: not ready any more, then no new connections, then nothing unanswered."""
        state = self._app.state
        state.readiness.drain()
        await self._give_notice()
        state.services.hub.close()
        await super().shutdown(sockets)

    def note_signal(self, *_: object) -> None:
        """Drain, as soon as there is something to drain."""
        self.should_exit = True

    def _parent_is_gone(self) -> None:
        assert self._life is not None  # noqa: S101 - only then is it watched
        asyncio.get_running_loop().remove_reader(self._life)
        self.should_exit = True

    async def _give_notice(self) -> None:
        ends_at = asyncio.get_running_loop().time() + self._drain_seconds
        # A second signal means now; uvicorn notes it without telling anybody.
        while asyncio.get_running_loop().time() < ends_at and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_TICK_SECONDS)


def _allow_many_connections() -> None:
    """Use as many files as the system allows this process: each sign-in that waits holds one."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve_metrics(
    serve: Callable[[CollectorRegistry, str], Callable[[], None]],
    registry: CollectorRegistry,
    address: str,
) -> Callable[[], None]:
    try:
        return serve(registry, address)
    except OSError as error:
        raise SettingsProblem(f"metrics: cannot listen on {address}: {error.strerror}") from None
