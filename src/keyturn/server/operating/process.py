"""One serving process: how it runs, says that it is ready, and ends.

At SIGTERM it first says at ``/ready`` that requests had better go elsewhere, goes on answering for
as long as the balancer needs to notice, then answers what is held, finishes what runs, and exits 0.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvicorn

from keyturn.server.app import create_app
from keyturn.server.http.connection import BoundedProtocol, allow_many_connections
from keyturn.server.operating import metrics as numbers
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from prometheus_client import CollectorRegistry

    from keyturn.server.settings import Settings

# How long running requests may take at shutdown; held ones are answered at once.
DRAIN_SECONDS = 15
_TICK_SECONDS = 0.05


def run(settings: Settings, listener: socket.socket) -> int:
    """Serve until SIGTERM or SIGINT; 0 once drained, 1 if it could not start.

    Raises:
        SettingsProblem: the address for metrics cannot be used.
    """
    app = create_app(settings)
    with ExitStack() as stack:
        if settings.metrics is not None:
            app.state.metrics = numbers.Metrics()
            registry = numbers.with_process_facts(app.state.metrics)
            stack.callback(_serve_metrics(registry, settings.metrics))
        return serve(
            app,
            listener,
            drain_seconds=settings.drain_seconds,
            ready=lambda: print(  # noqa: T201 - the one line that callers wait for
                f"Keyturn is ready at {settings.issuer}", flush=True
            ),
        )


def serve(
    app: FastAPI, listener: socket.socket, *, drain_seconds: float, ready: Callable[[], None]
) -> int:
    """Serve ``app`` on a listening socket, calling ``ready`` once it answers."""
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
    allow_many_connections()
    server = Server(config, app, drain_seconds=drain_seconds, ready=ready)
    # uvicorn drains on these and then raises them again; by then the work is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """Says when it is ready, and answers held requests as soon as it is told to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        *,
        drain_seconds: float,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._app, self._drain_seconds, self._ready = app, drain_seconds, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain: not ready any more, then no new connections, then nothing unanswered."""
        state = self._app.state
        state.readiness.drain()
        await self._give_notice()
        state.services.hub.close()
        await super().shutdown(sockets)

    async def _give_notice(self) -> None:
        ends_at = asyncio.get_running_loop().time() + self._drain_seconds
        # A second signal means now; uvicorn notes it without telling anybody.
        while asyncio.get_running_loop().time() < ends_at and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_TICK_SECONDS)


def _serve_metrics(registry: CollectorRegistry, address: str) -> Callable[[], None]:
    try:
        return numbers.serve(registry, address)
    except OSError as error:
        raise SettingsProblem(f"metrics: cannot listen on {address}: {error.strerror}") from None
