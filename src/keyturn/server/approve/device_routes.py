"""``/device``: type the code of a terminal, see who asks, decide.

The typed code goes on in a cookie of this browser, not in a URL: a link that carried it would be
the phisher's tool (RFC 8628 section 5.4; server promise S-23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.protocol.codes import grouped, normalized_user_code
from keyturn.server.approve.words import DEVICE_LASTS, declared_words, grants, verdict
from keyturn.server.browser.pages import both, page
from keyturn.server.clock import instant
from keyturn.server.http.limits import TooMany
from keyturn.server.http.origin import counted_ip
from keyturn.server.oauth.authorize import BadClient
from keyturn.server.pages import words
from keyturn.server.pages.views import (
    ConfirmPage,
    DeniedPage,
    DevicePage,
    DonePage,
    InvalidCodePage,
    Origin,
    Place,
    TooManyPage,
    UsedPage,
)

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.approve.service import Asked
    from keyturn.server.browser.visitor import Visitor
    from keyturn.server.oauth.device_request import DeviceOutcome, DeviceRequest
    from keyturn.server.projects.rules import Client
    from keyturn.server.storage.base import Work

_COOKIE = "user_code"


@page
async def ask_code(visitor: Visitor) -> Response:
    """``GET /device``: the form for the code."""
    if visitor.session is None:
        return visitor.sign_in_first(visitor.prefix + "/device")
    return visitor.show(_device_page(visitor))


@page
async def take_code(visitor: Visitor) -> Response:
    """``POST /device``: on to the confirm page, or the form again."""
    if visitor.session is None:
        return visitor.sign_in_first(visitor.prefix + "/device")
    typed = (await visitor.form()).get("user_code", "").strip()[:64]
    if not typed:
        return visitor.show(_device_page(visitor, problem=words.CODE_MISSING))
    try:
        request = await _open(visitor, typed)
    except TooMany as limit:
        return visitor.show(_too_many(visitor, limit))
    if request is None:
        return visitor.show(_device_page(visitor, typed=typed, problem=words.CODE_UNKNOWN))
    response = visitor.see("/device/confirm")
    # As it was meant, whatever stood between its letters.
    visitor.cookies.set_code(response, _COOKIE, grouped(normalized_user_code(typed) or ""))
    return response


@page
async def confirm(visitor: Visitor) -> Response:
    """``GET /device/confirm``: who asks, where from, and the two buttons."""
    if visitor.session is None:
        return visitor.sign_in_first(visitor.prefix + "/device/confirm")
    typed = visitor.cookies.read(visitor.request, _COOKIE)
    if not typed:
        return visitor.see("/device")
    try:
        request = await _open(visitor, typed)
    except TooMany as limit:
        return visitor.show(_too_many(visitor, limit))
    if request is None:
        return visitor.show(InvalidCodePage(account=visitor.account()))
    if request.decision is not None:
        return await _used(visitor, request)
    return await _show_confirm(visitor, request, typed)


async def decide(
    visitor: Visitor, asked: Asked, token: str, *, approve: bool, recognised: bool
) -> Response:
    """Answer a pressed button."""
    services = visitor.services
    request = await services.devices.find(asked.request, owner=visitor.browser_hash)
    if request is None or visitor.user is None:
        return visitor.show(InvalidCodePage(account=visitor.account()))
    differs = verdict(request.ip, visitor.origin.ip) == "different"
    if approve and differs and not recognised:
        typed = visitor.cookies.read(visitor.request, _COOKIE) or ""
        return await _show_confirm(visitor, request, typed, box_missing=True)
    outcome = await services.storage.write(
        _decide_work, visitor, asked.request, token, approve, services.clock.now_ms()
    )
    services.devices.announce(asked.request)
    if outcome.request is None:
        return visitor.show(InvalidCodePage(account=visitor.account()))
    if outcome.kind == "decided":
        return await _used(visitor, outcome.request)
    return await _afterwards(visitor, outcome)


def _decide_work(
    visitor: Visitor, request_id: str, token: str, approve: bool, now: int
) -> Work[DeviceOutcome]:
    assert visitor.session is not None  # noqa: S101 - the caller checked
    assert visitor.user is not None  # noqa: S101
    services = visitor.services
    yield from services.approvals.use_work(
        token, session=visitor.session, decision="approve" if approve else "deny", now=now
    )
    return (
        yield from services.devices.decide_work(
            request_id,
            owner=visitor.browser_hash,
            approve=approve,
            browser_session=visitor.session,
            user=visitor.user,
            ip=visitor.origin.ip,
            now=now,
        )
    )


async def _open(visitor: Visitor, typed: str) -> DeviceRequest | None:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    # A code of another project is decided on that project's own pages, by its own accounts.
    return await visitor.services.devices.open_code(
        typed,
        project_id=visitor.project.id,
        owner=visitor.browser_hash,
        user_id=visitor.user.id,
        ip=counted_ip(visitor.request),
    )


async def _show_confirm(
    visitor: Visitor, request: DeviceRequest, typed: str, *, box_missing: bool = False
) -> Response:
    assert visitor.session is not None  # noqa: S101 - the caller checked
    token = await visitor.services.approvals.ask("device", request.id, session=visitor.session)
    ours = visitor.origin.ip
    client = await _client(visitor, request.client_id)
    return visitor.show(
        ConfirmPage(
            kind="device",
            account=visitor.account(continue_to=visitor.prefix + "/device/confirm"),
            form_token=token,
            program=client.display_name,
            vetted=client.vetted,
            code=typed,
            origin=Origin(
                host_name=request.host_name,
                system=request.system,
                seen_at=Place(address=request.ip) if request.ip else None,
                browser_at=Place(address=ours) if ours else None,
                verdict=verdict(request.ip, ours),
            ),
            started_at=instant(request.created_at),
            ends_at=instant(request.expires_at),
            grants=grants(request.scope, declared_words(client, visitor.services.resources)),
            lasts=DEVICE_LASTS,
            box_missing=box_missing,
        )
    )


async def _afterwards(visitor: Visitor, outcome: DeviceOutcome) -> Response:
    request = outcome.request
    assert request is not None  # noqa: S101 - the caller checked
    assert visitor.user is not None  # noqa: S101
    program = await program_name(visitor, request.client_id)
    if outcome.kind == "denied":
        return visitor.show(
            DeniedPage(
                account_label=visitor.user.label, program=program, host_name=request.host_name
            )
        )
    return visitor.show(
        DonePage(
            account_label=visitor.user.label,
            program=program,
            host_name=request.host_name,
            lasts=DEVICE_LASTS,
            form_token=visitor.form_token(),
            session=f"device:{request.id}",
        )
    )


async def _used(visitor: Visitor, request: DeviceRequest) -> Response:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    if request.user_id != visitor.user.id or request.decided_at is None:
        return visitor.show(InvalidCodePage(account=visitor.account()))
    return visitor.show(
        UsedPage(
            account=visitor.account(),
            program=await program_name(visitor, request.client_id),
            host_name=request.host_name,
            approved=request.decision == "approve",
            decided_at=instant(request.decided_at),
        )
    )


async def program_name(visitor: Visitor, client_id: str) -> str:
    """Return the name under which a client is registered."""
    return (await _client(visitor, client_id)).display_name


async def _client(visitor: Visitor, client_id: str) -> Client:
    client = await visitor.services.projects.client(client_id)
    if client is None:
        raise BadClient(client_id)
    return client


def _device_page(visitor: Visitor, *, typed: str = "", problem: str | None = None) -> DevicePage:
    return DevicePage(
        account=visitor.account(continue_to=visitor.prefix + "/device"),
        form_token=visitor.form_token(),
        user_code=typed,
        problem=problem,
    )


def _too_many(visitor: Visitor, limit: TooMany) -> TooManyPage:
    return TooManyPage(what="codes", until=instant(limit.until), account=visitor.account())


def routes() -> list[Route]:
    """Return the routes of this file."""
    return [
        *both("/device", ask_code, methods=["GET"]),
        *both("/device", take_code, methods=["POST"]),
        *both("/device/confirm", confirm, methods=["GET"]),
    ]
