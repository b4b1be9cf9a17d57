"""The ASGI application: which rooms answer which paths."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from keyturn.server.browser import routes as pages
from keyturn.server.cleanup.sweeper import Sweeper
from keyturn.server.http.target import AsciiTargets
from keyturn.server.oauth import routes as oauth
from keyturn.server.services import Services, open_services
from keyturn.server.settings import Settings, load
from keyturn.server.stack import routes as stack

if TYPE_CHECKING:
    from keyturn.server.clock import Clock


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Return the server as an ASGI app; nothing is opened before its lifespan starts.

    Args:
        settings: ``None`` reads ``KEYTURN_*`` variables.
        clock: For tests; the machine's otherwise.
    """
    chosen = settings or load()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await open_services(chosen, clock=clock)
        app.state.services = services
        sweeper = Sweeper(services.storage, services.clock)
        sweeper.start()
        services.alerts.start()
        try:
            yield
        finally:
            await sweeper.stop()
            await services.alerts.stop()
            await services.close()

    app = FastAPI(
        title="Keyturn",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.add_middleware(AsciiTargets)
    _add_rooms(app, chosen)
    return app


def _add_rooms(app: FastAPI, settings: Settings) -> None:
    """Add each room's routes. One line a room."""
    oauth.add_routes(app)
    stack.add_routes(app)
    pages.add_routes(app, settings)


def services_of(app: FastAPI) -> Services:
    """Return the services of a started app."""
    services: Services = app.state.services
    return services
