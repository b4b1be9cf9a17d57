"""What every page route shares: a visitor in, an answer out, and a page for whatever goes wrong."""

from __future__ import annotations

import functools
import logging
import secrets
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.routing import Route

from keyturn.server.accounts.passwords import Overloaded
from keyturn.server.browser.forms import CrossSite, FormUnreadable
from keyturn.server.browser.visitor import FormExpired, NoProject, NotAllowed, Visitor, visit
from keyturn.server.clock import instant
from keyturn.server.http.limits import TooMany
from keyturn.server.pages.render import respond
from keyturn.server.pages.views import ErrorPage, Frame, NotFoundPage, TooManyPage
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.pages.views import Page
    from keyturn.server.pages.views.outcomes import ErrorKind
    from keyturn.server.services import Services

log: logging.Logger = logging.getLogger("keyturn.pages")

Endpoint = Callable[["Request"], Awaitable["Response"]]
_RETRY_SECONDS = 2
_PROBLEMS: dict[type[Exception], ErrorKind] = {
    NotAllowed: "not-allowed",
    FormExpired: "expired-form",
    CrossSite: "cross-site",
    FormUnreadable: "unreadable",
}


def guarded(endpoint: Endpoint) -> Endpoint:
    """Answer every failure of a page route with a page."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NoProject:
            return plain(request, NotFoundPage())
        except TooMany as limit:
            return plain(request, TooManyPage(what="sign-in", until=instant(limit.until)))
        except tuple(_PROBLEMS) as problem:
            return error(request, _PROBLEMS[type(problem)])
        except (StorageUnavailable, Overloaded):
            return error(request, "unavailable")
        except Exception:
            decided = request.method == "POST" and request.url.path.endswith("/decide")
            return error(request, "decision" if decided else "failed")

    return answer


def page(endpoint: Callable[[Visitor], Awaitable[Response]]) -> Endpoint:
    """Turn a function of a visitor into a page route."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        return await endpoint(await visit(request))

    return guarded(answer)


def own_page(endpoint: Callable[[Visitor], Awaitable[Response]]) -> Endpoint:
    """Turn a function of a visitor into a page that belongs to accounts of this server's own.

    Where the app around us knows the people, it leads there instead.
    """

    @functools.wraps(endpoint)
    async def answer(visitor: Visitor) -> Response:
        if visitor.host is None:
            return await endpoint(visitor)
        if visitor.session is None:
            return visitor.sign_in_first("/sessions")
        return visitor.see("/sessions")

    return page(answer)


def both(path: str, endpoint: Endpoint, *, methods: list[str]) -> list[Route]:
    """Return the routes of a page: of the default project, and of any other below ``/p/``."""
    return [Route(prefix + path, endpoint, methods=methods) for prefix in ("", "/p/{project}")]


def error(request: Request, kind: ErrorKind) -> Response:
    """Answer with an error page; its request id is the one in the log."""
    services: Services = request.app.state.services
    request_id = "req-" + "-".join(secrets.token_hex(2) for _ in range(3))
    if kind in ("failed", "decision"):
        _log_surprise(request, request_id)
    else:
        log.info("%s %s: %s (%s)", request.method, request.url.path, kind, request_id)
    now = instant(services.clock.now_ms())
    again = now + timedelta(seconds=_RETRY_SECONDS) if kind == "unavailable" else None
    query = f"?{request.url.query}" if request.url.query else ""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    retry_to = path + query if request.method == "GET" else None
    return plain(
        request,
        ErrorPage(kind=kind, request_id=request_id, at=now, retry_to=retry_to, again_at=again),
    )


def _log_surprise(request: Request, request_id: str) -> None:
    """Log what is being handled, without its message, which may quote what must not be in a log."""
    kind, _, trace = sys.exc_info()
    log.error(
        "%s %s failed with %s (%s)\n%s",
        request.method,
        request.url.path,
        kind.__name__ if kind else "no exception",
        request_id,
        "".join(traceback.format_tb(trace)),
    )


def plain(request: Request, shown: Page) -> Response:
    """Answer with a page that knows no visitor."""
    services: Services = request.app.state.services
    parts = urlsplit(services.settings.issuer)
    frame = Frame(site_name=services.settings.site_name, host=parts.netloc, path=parts.path)
    return respond(shown, frame=frame, now=instant(services.clock.now_ms()))
