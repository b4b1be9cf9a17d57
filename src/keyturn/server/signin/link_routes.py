"""Sign-in links by mail: ask for one, open it, finish.

Opening a link changes nothing, because mail scanners open links too: the token moves from the URL
into a cookie, the page asks, and only the press signs in (server promise S-54).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import email_problem
from keyturn.server.browser.pages import both, own_page
from keyturn.server.browser.paths import is_waiting, safe_continue
from keyturn.server.http.origin import counted_ip
from keyturn.server.pages import words
from keyturn.server.pages.views import LinkOpenedPage, LinkSentPage
from keyturn.server.signin.routes import sign_in_page
from keyturn.server.signin.second_factor_routes import ask_for_second_factor
from keyturn.server.signin.service import LINK_MINUTES

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.browser.visitor import Visitor

_COOKIE = "link"


@own_page
async def send(visitor: Visitor) -> Response:
    """``POST /sign-in/link``: the same answer whether or not the address has an account."""
    fields = await visitor.form()
    email, continue_to = fields.get("email", "").strip(), safe_continue(fields.get("continue"))
    problem = email_problem(email) if email else words.EMAIL_MISSING
    if problem or not visitor.project.config.magic_link_enabled:
        return visitor.show(
            sign_in_page(visitor, continue_to=continue_to, email=email, email_problem=problem)
        )
    await visitor.services.signin.send_link(
        visitor.project,
        email=email,
        continue_to=continue_to,
        browser_hash=visitor.browser_hash,
        counted_ip=counted_ip(visitor.request),
        base=visitor.services.settings.issuer + visitor.prefix,
    )
    return visitor.show(
        LinkSentPage(
            form_token=visitor.form_token(),
            email=email,
            continue_to=continue_to,
            waiting=is_waiting(continue_to),
            minutes=LINK_MINUTES,
        )
    )


@own_page
async def arrive(visitor: Visitor) -> Response:
    """``GET /sign-in/link?token=``: keep the token out of the address bar, then ask."""
    response = visitor.see("/sign-in/link/open")
    visitor.cookies.set_code(response, _COOKIE, visitor.request.query_params.get("token", ""))
    return response


@own_page
async def show(visitor: Visitor) -> Response:
    """``GET /sign-in/link/open``: whom the link signs in, and a button."""
    token = visitor.cookies.read(visitor.request, _COOKIE)
    link = await visitor.services.signin.link(token) if token else None
    if link is None or link.project_id != visitor.project.id:
        return visitor.show(sign_in_page(visitor, continue_to=None, notice="link-expired"))
    return visitor.show(
        LinkOpenedPage(
            form_token=visitor.form_token(),
            email=link.email,
            claims=link.claims,
            waiting=is_waiting(link.continue_to) and link.browser_hash == visitor.browser_hash,
        )
    )


@own_page
async def finish(visitor: Visitor) -> Response:
    """``POST /sign-in/link/finish``: use the link up and sign in."""
    await visitor.form()
    token = visitor.cookies.read(visitor.request, _COOKIE)
    link = await visitor.services.signin.link(token) if token else None
    finished = None
    if link is not None and token is not None:
        finished = await visitor.services.signin.finish_link(
            visitor.project, token, origin=visitor.origin
        )
    if link is None or finished is None:
        return visitor.show(sign_in_page(visitor, continue_to=None, notice="link-expired"))
    # What a terminal waits for belongs to the browser that asked, not to whoever opens the mail.
    own = link.browser_hash == visitor.browser_hash
    continue_to = link.continue_to if own else None
    if finished.session_token is None:
        response = ask_for_second_factor(visitor, finished.attempt or "", continue_to)
    else:
        response = visitor.go_on(continue_to)
        visitor.cookies.set_session(response, visitor.project.id, finished.session_token)
    visitor.cookies.clear(response, _COOKIE)
    return response


def routes() -> list[Route]:
    """Return the routes of this room."""
    return [
        *both("/sign-in/link", send, methods=["POST"]),
        *both("/sign-in/link", arrive, methods=["GET"]),
        *both("/sign-in/link/open", show, methods=["GET"]),
        *both("/sign-in/link/finish", finish, methods=["POST"]),
    ]
