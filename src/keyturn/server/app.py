"""The ASGI application: which rooms answer which paths."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from keyturn.server.application import Application
from keyturn.server.browser import routes as pages
from keyturn.server.cleanup.sweeper import Sweeper
from keyturn.server.mounting.rules import settings_for_host_users
from keyturn.server.mounting.service import Host, Identify
from keyturn.server.oauth import routes as oauth
from keyturn.server.operating import routes as operating
from keyturn.server.operating.readiness import Readiness
from keyturn.server.projects.service import DEFAULT_PROJECT
from keyturn.server.services import Services, open_services
from keyturn.server.settings import Settings, load
from keyturn.server.stack import routes as stack

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keyturn.server.clock import Clock


def create_app(
    settings: Settings | None = None,
    *,
    identify: Identify | None = None,
    sign_in_url: str | None = None,
    sign_out_url: str | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """Return the server as an ASGI app; nothing is opened before its lifespan or first request.

    It stands alone, or is mounted below a prefix: then ``base_url`` names the public address with
    that prefix. With ``identify`` the people of its default project are those of the app around it.

    Args:
        settings: ``None`` reads ``KEYTURN_*`` variables.
        identify: Says who a request for a page comes from, by the host's own cookies: a user id, a
            HostUser, or ``None``. May be awaitable. Ids must be trustworthy; they become ``sub``.
        sign_in_url: The host's sign-in page. The path to come back to replaces ``{next}`` in it, or
            becomes the parameter ``next``.
        sign_out_url: The host's page for signing out; the sign-in page where left out.
        clock: For tests; the machine's otherwise.

    Raises:
        SettingsProblem: a setting is wrong.
        ValueError: ``identify`` without ``sign_in_url``, or the reverse.
    """
    chosen, host = _with_host(settings or load(), identify, sign_in_url, sign_out_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await open_services(chosen, clock=clock, host=host)
        app.state.services = services
        app.state.readiness = Readiness(services.storage, services.clock)
        sweeper = Sweeper(services.storage, services.clock)
        sweeper.start()
        services.alerts.start()
        services.email_sender.start()
        try:
            yield
        finally:
            await sweeper.stop()
            await services.alerts.stop()
            await services.email_sender.stop()
            await services.close()
            app.state.services = None

    app = Application(
        chosen,
        title="Keyturn",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings, app.state.metrics = chosen, None
    _add_rooms(app, chosen)
    return app


def _with_host(
    settings: Settings,
    identify: Identify | None,
    sign_in_url: str | None,
    sign_out_url: str | None,
) -> tuple[Settings, Host | None]:
    if (identify is None) != (sign_in_url is None):
        raise ValueError("identify= and sign_in_url= go together")
    if identify is None or sign_in_url is None:
        return settings, None
    settings = settings_for_host_users(settings)
    host = Host(
        identify=identify,
        sign_in_url=sign_in_url,
        sign_out_url=sign_out_url,
        project_id=settings.default_project or DEFAULT_PROJECT,
    )
    return settings, host


def _add_rooms(app: FastAPI, settings: Settings) -> None:
    """Add each room's routes. One line a room."""
    operating.add_routes(app)
    oauth.add_routes(app)
    stack.add_routes(app)
    pages.add_routes(app, settings)


def services_of(app: FastAPI) -> Services:
    """Return the services of a started app."""
    services: Services = app.state.services
    return services
