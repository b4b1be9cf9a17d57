"""A web app with users of its own that lets command-line programs in.

Run it with ``uvicorn app:app --port 8000`` and sign a program in with
``keyturn auth login --issuer http://127.0.0.1:8000/auth --client-id keyturn-cli``.
"""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from keyturn.server import HostUser, Settings, create_app, well_known_app

BASE = os.environ.get("NOTES_URL", "http://127.0.0.1:8000")
USERS = {"ada": HostUser(id="user-1", email="ada@example.com", name="Ada Lovelace")}

# ------------------------------------------------------------------ what Keyturn needs to know


def identify(request: Request) -> HostUser | None:
    """Say who asks for a page: here by the session cookie that the app has anyway."""
    return USERS.get(request.session.get("name", ""))


auth = create_app(
    Settings(base_url=f"{BASE}/auth", site_name="Notes"),
    identify=identify,
    sign_in_url="/login",
    sign_out_url="/logout",
)

# ------------------------------------------------------------------ the app, as it was before


async def login(request: Request) -> Response:
    """Ask who it is. Yours asks for a password."""
    if request.method == "GET":
        return HTMLResponse(
            '<form method="post"><input name="name" autofocus><button>Sign in</button>'
        )
    form = await request.form()
    request.session["name"] = str(form["name"])
    target = request.query_params.get("next", "/")
    # Somebody else's site is no place to go after signing in.
    return RedirectResponse(target if target.startswith("/auth/") else "/", status_code=303)


async def logout(request: Request) -> Response:
    """Forget who it is."""
    request.session.clear()
    return RedirectResponse("/login", status_code=303)


async def home(request: Request) -> Response:
    """Greet."""
    user = identify(request)
    return HTMLResponse(f"Hello, {user.name}" if user else '<a href="/login">Sign in</a>')


app = Starlette(
    routes=[
        Route("/", home),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/logout", logout),
        Mount("/auth", auth),
        Mount("/.well-known", well_known_app(auth)),
    ],
    middleware=[
        Middleware(SessionMiddleware, secret_key=os.environ.get("NOTES_SECRET", "change me"))
    ],
)
