"""``POST /cli/decide``: the one place where Approve and Deny arrive, whatever was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.approve import authorize_routes, device_routes, stack_routes
from keyturn.server.approve.service import AlreadyUsed
from keyturn.server.browser.forms import origin_of, read_form
from keyturn.server.browser.pages import both, page
from keyturn.server.browser.visitor import FormExpired
from keyturn.server.clock import instant
from keyturn.server.pages.views import InvalidCodePage, UsedPage

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.approve.service import Asked
    from keyturn.server.browser.visitor import Visitor


@page
async def decide(visitor: Visitor) -> Response:
    """Carry out what a person pressed on a page that was shown to this very session."""
    fields = await read_form(
        visitor.request, own_origin=origin_of(visitor.services.settings.issuer)
    )
    token, decision = fields.get("form_token", ""), fields.get("decision")
    if visitor.session is None:
        raise FormExpired
    asked = await visitor.services.approvals.asked(token, session=visitor.session)
    if asked is None or decision not in ("approve", "deny"):
        raise FormExpired
    if asked.used_at is not None:
        return await _used(visitor, asked)
    recognised = fields.get("recognised") == "yes"
    try:
        return await _carry_out(
            visitor, asked, token, approve=decision == "approve", recognised=recognised
        )
    except AlreadyUsed:
        again = await visitor.services.approvals.asked(token, session=visitor.session)
        return await _used(visitor, again or asked)


async def _carry_out(
    visitor: Visitor, asked: Asked, token: str, *, approve: bool, recognised: bool
) -> Response:
    match asked.kind:
        case "loopback":
            return await authorize_routes.decide(visitor, asked, token, approve=approve)
        case "device":
            return await device_routes.decide(
                visitor, asked, token, approve=approve, recognised=recognised
            )
        case "stack":
            return await stack_routes.decide(
                visitor, asked, token, approve=approve, recognised=recognised
            )


async def _used(visitor: Visitor, asked: Asked) -> Response:
    if asked.used_at is None:
        raise FormExpired  # shown more than ten minutes ago
    if asked.kind != "loopback":
        return visitor.show(InvalidCodePage(account=visitor.account()))
    return visitor.show(
        UsedPage(
            account=visitor.account(),
            program=await authorize_routes.program_of(visitor, asked),
            approved=asked.decision == "approve",
            decided_at=instant(asked.used_at),
        )
    )


def routes() -> list[Route]:
    """Return every route of this room."""
    return [
        *both("/cli/decide", decide, methods=["POST"]),
        *authorize_routes.routes(),
        *device_routes.routes(),
        *stack_routes.routes(),
    ]
