"""Four apps of other people's frameworks, each with sessions and a sign-in page of its own.

``/login?user=ada&next=/somewhere`` signs in, ``/logout`` out, ``/`` says who is signed in. A real
host would ask for a password there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keyturn.server import HostUser, Settings, create_app, mounted, well_known_app

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

SECRET = "a secret of the host's own, long enough for any of them"
PREFIX = "/auth"
NAMES = {"ada": "Ada Lovelace", "bob": "Bob"}

# A host, and whether it also answers at its root what ``well_known_app`` answers there.
Make = Callable[[Settings, bool], Any]


def known(user: str | None) -> HostUser | None:
    """Return what a host knows of a user."""
    if user is None:
        return None
    return HostUser(id=user, email=f"{user}@example.com", email_verified=True, name=NAMES[user])


def _of_session(request: Request) -> HostUser | None:
    return known(request.scope.get("session", {}).get("user"))


def _keyturn(settings: Settings) -> Any:
    return create_app(settings, identify=_of_session, sign_in_url="/login", sign_out_url="/logout")


def starlette(settings: Settings, at_root: bool) -> ASGIApp:
    """Starlette, with its signed session cookie."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.responses import PlainTextResponse, RedirectResponse
    from starlette.routing import Mount, Route

    async def login(request: Request) -> RedirectResponse:
        request.session["user"] = request.query_params["user"]
        return RedirectResponse(request.query_params["next"], status_code=303)

    async def logout(request: Request) -> PlainTextResponse:
        request.session.clear()
        return PlainTextResponse("signed out")

    async def home(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.session.get("user")))

    auth = _keyturn(settings)
    routes = [
        Route("/", home),
        Route("/login", login),
        Route("/logout", logout),
        *([Mount("/.well-known", well_known_app(auth))] if at_root else []),
        Mount(PREFIX, auth),
    ]
    return Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key=SECRET)])


def fastapi(settings: Settings, at_root: bool) -> ASGIApp:
    """FastAPI, with Starlette's session cookie."""
    from fastapi import FastAPI
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, RedirectResponse

    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key=SECRET)

    async def login(request: Request, user: str, next: str) -> RedirectResponse:
        request.session["user"] = user
        return RedirectResponse(next, status_code=303)

    async def logout(request: Request) -> PlainTextResponse:
        request.session.clear()
        return PlainTextResponse("signed out")

    async def home(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.session.get("user")))

    # Annotations are text in this module, and these names live in this function alone.
    login.__annotations__ = {"request": Request, "user": str, "next": str}
    for handler in (logout, home):
        handler.__annotations__ = {"request": Request}
    app.add_api_route("/login", login, response_model=None)
    app.add_api_route("/logout", logout, response_model=None)
    app.add_api_route("/", home, response_model=None)
    auth = _keyturn(settings)
    if at_root:
        app.mount("/.well-known", well_known_app(auth))
    app.mount(PREFIX, auth)
    return app


def litestar(settings: Settings, at_root: bool) -> Any:
    """Litestar, with its encrypted session cookie."""
    from litestar import Litestar, MediaType, Request, asgi, get
    from litestar.middleware.session.client_side import CookieBackendConfig
    from litestar.response import Redirect

    auth = _keyturn(settings)

    async def login(request: Request[Any, Any, Any]) -> Redirect:
        request.set_session({"user": request.query_params["user"]})
        return Redirect(request.query_params["next"], status_code=303)

    async def logout(request: Request[Any, Any, Any]) -> str:
        request.clear_session()
        return "signed out"

    async def home(request: Request[Any, Any, Any]) -> str:
        return str(request.session.get("user"))

    for handler, answer in ((login, Redirect), (logout, str), (home, str)):
        handler.__annotations__ = {"request": Request[Any, Any, Any], "return": answer}
    well_known = asgi("/.well-known", is_mount=True, copy_scope=True)
    return Litestar(
        route_handlers=[
            get("/login", status_code=303)(login),
            get("/logout", media_type=MediaType.TEXT)(logout),
            get("/", media_type=MediaType.TEXT)(home),
            *([well_known(well_known_app(auth))] if at_root else []),
            asgi(PREFIX, is_mount=True, copy_scope=True)(auth),
        ],
        middleware=[CookieBackendConfig(secret=SECRET.encode()[:32]).middleware],
        openapi_config=None,
    )


def django(settings: Settings, at_root: bool) -> ASGIApp:
    """Django, with its own sessions and users; it cannot mount, so both stand side by side."""
    import django as package
    from django.conf import settings as configured

    if not configured.configured:
        configured.configure(
            SECRET_KEY=SECRET,
            ALLOWED_HOSTS=["127.0.0.1"],
            ROOT_URLCONF="tests.server.mounting.django_urls_",
            INSTALLED_APPS=["django.contrib.sessions"],
            MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        )
        package.setup()
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.core.asgi import get_asgi_application

    def identify(request: Request) -> HostUser | None:
        session = SessionStore(request.cookies.get(configured.SESSION_COOKIE_NAME))
        return known(session.get("user"))

    auth = create_app(settings, identify=identify, sign_in_url="/login", sign_out_url="/logout")
    assert urlsplit(settings.issuer).path == PREFIX
    host = get_asgi_application()
    return mounted(host, auth) if at_root else _side_by_side(host, auth)


def _side_by_side(host: Any, auth: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        below = scope.get("path", "").startswith(PREFIX + "/")
        if below:
            scope = {**scope, "root_path": PREFIX}
        await (auth if below else host)(scope, receive, send)

    return answer


HOSTS: dict[str, Make] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
    "django": django,
}
