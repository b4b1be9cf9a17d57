"""The link that verifies an address, opened in a browser, and the mail that carries it there.

As with every mailed link, opening it changes nothing: the code moves into a cookie, and the press
of a button verifies. Nobody has to be signed in where the mail is read.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from keyturn.server.browser.pages import both, own_page
from keyturn.server.contact_channels.service import NoSuchChannel
from keyturn.server.http.limits import TooMany
from keyturn.server.http.origin import counted_ip
from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed
from keyturn.server.pages.views import VerifyEmailPage

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.accounts.rules import User
    from keyturn.server.browser.visitor import Visitor

_COOKIE = "verify"
_OVER = (CodeNotFound, CodeExpired, CodeUsed, NoSuchChannel)


async def ask_for_proof(visitor: Visitor, user: User) -> None:
    """Mail the link to a new account's address, where the project asks for that."""
    if not visitor.project.config.verify_email_on_sign_up or user.primary_email is None:
        return
    # The account is there; a mail too many is asked for again later, by whoever misses it.
    with suppress(TooMany):
        await visitor.services.contact_channels.send_verification(
            visitor.project,
            user.id,
            user.primary_email,
            callback_url=f"{visitor.services.settings.issuer}{visitor.prefix}/verify-email",
            counted_ip=counted_ip(visitor.request),
        )


@own_page
async def arrive(visitor: Visitor) -> Response:
    """``GET /verify-email?code=``: keep the code out of the address bar, then ask."""
    response = visitor.see("/verify-email/open")
    visitor.cookies.set_code(response, _COOKIE, visitor.request.query_params.get("code", ""))
    return response


@own_page
async def show(visitor: Visitor) -> Response:
    """``GET /verify-email/open``: which address it is, and a button."""
    code = visitor.cookies.read(visitor.request, _COOKIE) or ""
    try:
        found = await visitor.services.contact_channels.check(visitor.project.id, code)
    except _OVER:
        return visitor.show(VerifyEmailPage(state="over"))
    return visitor.show(
        VerifyEmailPage(state="ask", form_token=visitor.form_token(), email=found.facts["email"])
    )


@own_page
async def finish(visitor: Visitor) -> Response:
    """``POST /verify-email/finish``: use the code up; the address is verified."""
    await visitor.form()
    code = visitor.cookies.read(visitor.request, _COOKIE) or ""
    try:
        channel = await visitor.services.contact_channels.verify(visitor.project.id, code)
    except _OVER:
        return visitor.show(VerifyEmailPage(state="over"))
    response = visitor.show(VerifyEmailPage(state="done", email=channel.value))
    visitor.cookies.clear(response, _COOKIE)
    return response


def routes() -> list[Route]:
    """Return the routes of this room."""
    return [
        *both("/verify-email", arrive, methods=["GET"]),
        *both("/verify-email/open", show, methods=["GET"]),
        *both("/verify-email/finish", finish, methods=["POST"]),
    ]
