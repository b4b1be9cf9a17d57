"""The second step of signing in with a browser: the page that asks for an authenticator's digits.

The attempt travels in a cookie that no script sees, never in an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.server.browser.pages import both, own_page
from keyturn.server.browser.paths import is_waiting, safe_continue
from keyturn.server.http.origin import counted_ip
from keyturn.server.mfa.rules import WrongTotp
from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed, TooManyGuesses
from keyturn.server.pages import words
from keyturn.server.pages.views import SecondFactorPage

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.browser.visitor import Visitor

_COOKIE = "second_factor"
_OVER = (CodeNotFound, CodeExpired, CodeUsed, TooManyGuesses)


def ask_for_second_factor(visitor: Visitor, attempt: str, continue_to: str | None) -> Response:
    """Answer whoever has shown the first factor: 303 to the page that asks for the second."""
    response = visitor.see("/sign-in/second-factor" + _continuing(continue_to))
    visitor.cookies.set_code(response, _COOKIE, attempt)
    return response


@own_page
async def show(visitor: Visitor) -> Response:
    """``GET /sign-in/second-factor``: the form, while there is an attempt to finish."""
    continue_to = safe_continue(visitor.request.query_params.get("continue"))
    attempt = visitor.cookies.read(visitor.request, _COOKIE) or ""
    try:
        await visitor.services.second_factor.pending(visitor.project, "browser", attempt)
    except _OVER:
        return _start_over(visitor, continue_to)
    return _form(visitor, continue_to)


@own_page
async def finish(visitor: Visitor) -> Response:
    """``POST /sign-in/second-factor``: begins the browser's session, or shows the form again."""
    fields = await visitor.form()
    continue_to = safe_continue(fields.get("continue"))
    typed = fields.get("totp", "").strip()
    if not typed:
        return _form(visitor, continue_to, problem=words.TOTP_MISSING)
    services = visitor.services
    try:
        shown = await services.second_factor.finish(
            visitor.project,
            "browser",
            visitor.cookies.read(visitor.request, _COOKIE) or "",
            typed,
            origin=visitor.origin,
            counted_ip=counted_ip(visitor.request),
        )
    except WrongTotp:
        return _form(visitor, continue_to, problem=words.TOTP_WRONG)
    except _OVER:
        return _start_over(visitor, continue_to)
    if visitor.session is not None:
        await services.sessions.end(visitor.session.id, reason="signed in again")
    response = visitor.go_on(continue_to)
    visitor.cookies.clear(response, _COOKIE)
    visitor.cookies.set_session(response, visitor.project.id, shown.token)
    return response


def _form(visitor: Visitor, continue_to: str | None, *, problem: str | None = None) -> Response:
    return visitor.show(
        SecondFactorPage(
            form_token=visitor.form_token(),
            continue_to=continue_to,
            waiting=is_waiting(continue_to),
            problem=problem,
        )
    )


def _start_over(visitor: Visitor, continue_to: str | None) -> Response:
    query = {"notice": "second-factor-over"}
    if continue_to is not None:
        query["continue"] = continue_to
    response = visitor.see(f"/sign-in?{urlencode(query)}")
    visitor.cookies.clear(response, _COOKIE)
    return response


def _continuing(continue_to: str | None) -> str:
    return f"?{urlencode({'continue': continue_to})}" if continue_to is not None else ""


def routes() -> list[Route]:
    """Return the routes of this room."""
    return [
        *both("/sign-in/second-factor", show, methods=["GET"]),
        *both("/sign-in/second-factor", finish, methods=["POST"]),
    ]
