"""Every page of the server, and the page for addresses that have none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from keyturn.server.approve import routes as approve
from keyturn.server.browser.answers import NO_STORE, see_other
from keyturn.server.browser.pages import error, guarded, plain
from keyturn.server.browser.visitor import brand_of, slug_of
from keyturn.server.contact_channels import page_routes as contact_channels
from keyturn.server.pages.assets import asset_routes
from keyturn.server.pages.preview.routes import preview_routes
from keyturn.server.pages.views import Frame, NotFoundPage
from keyturn.server.passwords import page_routes as passwords
from keyturn.server.sessions import page_routes as sessions
from keyturn.server.signin import link_routes, second_factor_routes
from keyturn.server.signin import routes as signin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.pages.assets import FindBrand
    from keyturn.server.pages.brand import Brand
    from keyturn.server.settings import Settings

# Faces for programs: their errors are not pages.
_PROGRAMS = ("/api/", "/oauth/", "/.well-known/")


@guarded
async def home(request: Request) -> Response:
    """``GET /``: the sessions page, which asks strangers to sign in."""
    root = urlsplit(request.app.state.services.settings.issuer).path
    return see_other(f"{root}/sessions")


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add every page, the files they load, and the answer for what is not there."""
    app.router.routes.extend(
        [
            Route("/", home, methods=["GET"]),
            *signin.routes(),
            *link_routes.routes(),
            *second_factor_routes.routes(),
            *passwords.routes(),
            *contact_channels.routes(),
            *approve.routes(),
            *sessions.routes(),
            *asset_routes(_brand_finder(app, settings)),
        ]
    )
    if settings.preview:
        parts = urlsplit(settings.issuer)
        frame = Frame(
            site_name=settings.site_name,
            host=parts.netloc,
            path=parts.path,
            brand=brand_of(settings.brand, ""),
        )
        app.router.routes.extend(preview_routes(frame))
    app.add_exception_handler(HTTPException, _not_served)


def _brand_finder(app: FastAPI, settings: Settings) -> FindBrand:
    async def find(slug: str) -> Brand | None:
        if not slug:
            return brand_of(settings.brand, "")
        for project in await app.state.services.projects.all():
            if project.config.templates and slug_of(project.id) == slug:
                return brand_of(Path(project.config.templates), slug)
        return None

    return find


async def _not_served(request: Request, problem: Exception) -> Response:
    """Answer an unknown address or a wrong method: a page to people, plain text to programs."""
    assert isinstance(problem, HTTPException)  # noqa: S101 - as registered
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if path.startswith(_PROGRAMS):
        headers = {**(problem.headers or {}), **NO_STORE}  # caches may keep a 404 or 405 unasked
        return PlainTextResponse(problem.detail, problem.status_code, headers)
    if problem.status_code in (404, 405):
        answer = plain(request, NotFoundPage())
        answer.status_code = problem.status_code
        answer.headers.update(problem.headers or {})
        return answer
    return error(request, "failed")
