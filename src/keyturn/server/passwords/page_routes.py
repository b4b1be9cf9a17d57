"""A forgotten password, in the browser: ask for a link, open it, choose another one.

Opening a link changes nothing, because mail scanners open links too: the code moves from the URL
into a cookie, the page asks, and only the press replaces the password (server promise S-54). Then
the person signs in with it, second factor and all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.server.accounts.rules import SHORTEST_PASSWORD, email_problem
from keyturn.server.accounts.service import PasswordRefused
from keyturn.server.browser.pages import both, own_page
from keyturn.server.browser.paths import safe_continue
from keyturn.server.http.origin import counted_ip
from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed
from keyturn.server.pages import words
from keyturn.server.pages.views import ForgotPasswordPage, NewPasswordPage, ResetSentPage
from keyturn.server.passwords.service import RESET_MINUTES
from keyturn.server.signin.routes import refused_words

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.browser.visitor import Visitor
    from keyturn.server.one_time.rules import OneTimeCode

_COOKIE = "reset"
_OVER = (CodeNotFound, CodeExpired, CodeUsed)


@own_page
async def show_forgot(visitor: Visitor) -> Response:
    """``GET /password/forgot``: where should the link go?"""
    continue_to = safe_continue(visitor.request.query_params.get("continue"))
    if not visitor.project.config.credential_enabled:
        return visitor.sign_in_first(continue_to or "/sessions")
    return visitor.show(
        ForgotPasswordPage(form_token=visitor.form_token(), continue_to=continue_to)
    )


@own_page
async def send(visitor: Visitor) -> Response:
    """``POST /password/forgot``: the same answer whether or not the address has an account."""
    fields = await visitor.form()
    email, continue_to = fields.get("email", "").strip(), safe_continue(fields.get("continue"))
    if not visitor.project.config.credential_enabled:
        return visitor.sign_in_first(continue_to or "/sessions")
    problem = email_problem(email) if email else words.EMAIL_MISSING
    if problem:
        return visitor.show(
            ForgotPasswordPage(
                form_token=visitor.form_token(),
                continue_to=continue_to,
                email=email,
                email_problem=problem,
            )
        )
    await visitor.services.password_resets.send(
        visitor.project,
        email,
        callback_url=f"{visitor.services.settings.issuer}{visitor.prefix}/password/reset",
        counted_ip=counted_ip(visitor.request),
        facts={"continue": continue_to, "browser": visitor.browser_hash.hex()},
    )
    return visitor.show(
        ResetSentPage(
            form_token=visitor.form_token(),
            email=email,
            continue_to=continue_to,
            minutes=RESET_MINUTES,
        )
    )


@own_page
async def arrive(visitor: Visitor) -> Response:
    """``GET /password/reset?code=``: keep the code out of the address bar, then ask."""
    response = visitor.see("/password/reset/new")
    visitor.cookies.set_code(response, _COOKIE, visitor.request.query_params.get("code", ""))
    return response


@own_page
async def show_new(visitor: Visitor) -> Response:
    """``GET /password/reset/new``: whose password it is, and a field for the new one."""
    found = await _opened(visitor)
    return _over(visitor) if found is None else _form(visitor, found)


@own_page
async def finish(visitor: Visitor) -> Response:
    """``POST /password/reset/new``: use the code up; every session of the account ends."""
    fields = await visitor.form()
    found = await _opened(visitor)
    if found is None:
        return _over(visitor)
    password = fields.get("password", "")
    if not password:
        return _form(visitor, found, problem=words.NEW_PASSWORD_MISSING)
    code = visitor.cookies.read(visitor.request, _COOKIE) or ""
    try:
        await visitor.services.password_resets.reset(visitor.project, code, password)
    except PasswordRefused as refused:
        return _form(visitor, found, problem=refused_words(refused, password))
    except _OVER:
        return _over(visitor)
    query = {"notice": "password-replaced"}
    # What a terminal waits for belongs to the browser that asked, not to whoever opens the mail.
    if found.facts.get("continue") and found.facts["browser"] == visitor.browser_hash.hex():
        query["continue"] = found.facts["continue"]
    response = visitor.see(f"/sign-in?{urlencode(query)}")
    visitor.cookies.clear(response, _COOKIE)
    return response


async def _opened(visitor: Visitor) -> OneTimeCode | None:
    """Return what the code in this browser's cookie would still do, if passwords are used here."""
    code = visitor.cookies.read(visitor.request, _COOKIE)
    if not code or not visitor.project.config.credential_enabled:
        return None
    try:
        return await visitor.services.password_resets.check(visitor.project, code)
    except _OVER:
        return None


def _form(visitor: Visitor, found: OneTimeCode, *, problem: str | None = None) -> Response:
    return visitor.show(
        NewPasswordPage(
            form_token=visitor.form_token(),
            email=found.facts["email"],
            password_problem=problem,
            least_characters=SHORTEST_PASSWORD,
        )
    )


def _over(visitor: Visitor) -> Response:
    if not visitor.project.config.credential_enabled:
        return visitor.sign_in_first("/sessions")
    return visitor.show(ForgotPasswordPage(form_token=visitor.form_token(), link_is_over=True))


def routes() -> list[Route]:
    """Return the routes of this room."""
    return [
        *both("/password/forgot", show_forgot, methods=["GET"]),
        *both("/password/forgot", send, methods=["POST"]),
        *both("/password/reset", arrive, methods=["GET"]),
        *both("/password/reset/new", show_new, methods=["GET"]),
        *both("/password/reset/new", finish, methods=["POST"]),
    ]
