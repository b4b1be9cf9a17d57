"""The pages of an account's owner: where it is signed in, ending that, changing the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import SHORTEST_PASSWORD
from keyturn.server.accounts.service import PasswordRefused
from keyturn.server.browser.pages import both, own_page, page
from keyturn.server.clock import instant
from keyturn.server.http.origin import counted_ip
from keyturn.server.pages import words
from keyturn.server.pages.views import (
    BrowserSession,
    EndedPage,
    PasswordPage,
    Place,
    ProgramSession,
    SessionAlert,
    SessionsNotice,
    SessionsPage,
)
from keyturn.server.sessions.user_agent import browser_label
from keyturn.server.signin.routes import refused_words

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.browser.visitor import Visitor
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Row


@page
async def show(visitor: Visitor) -> Response:
    """``GET /sessions``: everything that is signed in as this account."""
    if visitor.session is None:
        return visitor.sign_in_first(visitor.prefix + "/sessions")
    return await _show(visitor)


@page
async def end(visitor: Visitor) -> Response:
    """``POST /sessions/end``: Revoke, or "This was not me"."""
    if visitor.session is None or visitor.user is None:
        return visitor.sign_in_first(visitor.prefix + "/sessions")
    fields = await visitor.form()
    name = fields.get("session", "")
    if name.startswith("device:"):
        return await _take_back(visitor, name.removeprefix("device:"))
    return await _end(visitor, name, not_me=fields.get("reason") == "not-me")


async def _end(visitor: Visitor, session_id: str, *, not_me: bool) -> Response:
    found = await visitor.services.sessions.find(session_id)
    if found is None or visitor.user is None or found.user_id != visitor.user.id:
        return await _show(visitor, SessionsNotice(kind="gone"))
    reason = "not me" if not_me else "revoked"
    ended = await visitor.services.sessions.end(found.id, reason=reason, ip=visitor.origin.ip)
    program = await _program(visitor, found.client_id)
    if not_me:
        return _ended_page(visitor, program, found.host_name, found.created_at)
    if ended is None:
        return await _show(visitor, SessionsNotice(kind="gone"))
    return await _show(
        visitor, SessionsNotice(kind="ended", program=program, host_name=found.host_name)
    )


async def _take_back(visitor: Visitor, request_id: str) -> Response:
    """Answer "This was not me" on the page after an approval, collected by now or not."""
    request = await visitor.services.devices.withdraw(request_id, owner=visitor.browser_hash)
    if request is None or visitor.user is None or request.user_id != visitor.user.id:
        return await _show(visitor, SessionsNotice(kind="gone"))
    if request.session_id is not None:
        return await _end(visitor, request.session_id, not_me=True)
    program = await _program(visitor, request.client_id)
    return _ended_page(
        visitor, program, request.host_name, request.decided_at or request.created_at
    )


def _ended_page(visitor: Visitor, program: str, host_name: str | None, since: int) -> Response:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    return visitor.show(
        EndedPage(
            account_label=visitor.user.label,
            program=program,
            host_name=host_name,
            from_at=instant(since),
            to_at=visitor.now,
            with_password=visitor.project.config.credential_enabled,
        )
    )


@page
async def end_others(visitor: Visitor) -> Response:
    """``POST /sessions/end-others``: every program at once; browsers stay signed in."""
    if visitor.session is None or visitor.user is None:
        return visitor.sign_in_first(visitor.prefix + "/sessions")
    await visitor.form()
    count = await visitor.services.sessions.end_programs(visitor.user.id, ip=visitor.origin.ip)
    return await _show(visitor, SessionsNotice(kind="others-ended", count=count))


@page
async def dismiss(visitor: Visitor) -> Response:
    """``POST /sessions/dismiss``: the notice of a session's end has been read."""
    if visitor.session is None or visitor.user is None:
        return visitor.sign_in_first(visitor.prefix + "/sessions")
    fields = await visitor.form()
    await visitor.services.alerts.dismiss(fields.get("session", ""), user_id=visitor.user.id)
    return await _show(visitor)


@own_page
async def show_password(visitor: Visitor) -> Response:
    """``GET /password``: the form to change it."""
    if visitor.session is None:
        return visitor.sign_in_first(visitor.prefix + "/password")
    return visitor.show(_password_page(visitor))


@own_page
async def change_password(visitor: Visitor) -> Response:
    """``POST /password``: every other session of the account ends."""
    if visitor.session is None or visitor.user is None:
        return visitor.sign_in_first(visitor.prefix + "/password")
    fields = await visitor.form()
    new = fields.get("password", "")
    if not new:
        return visitor.show(_password_page(visitor, password_problem=words.NEW_PASSWORD_MISSING))
    services = visitor.services
    before = len(await services.sessions.live_of_user(visitor.user.id))
    tries = services.signin.tries_at_password(
        visitor.project, visitor.user, counted_ip=counted_ip(visitor.request)
    )
    await services.limits.take(tries)
    try:
        changed = await services.accounts.change_password(
            visitor.project,
            visitor.user,
            current=fields.get("current"),
            new=new,
            keep_session=visitor.session.id,
        )
    except PasswordRefused as refused:
        await services.limits.give_back(tries)  # the current one was right
        problem = refused_words(refused, new)
        return visitor.show(_password_page(visitor, password_problem=problem))
    if not changed:
        return visitor.show(_password_page(visitor, current_problem=words.PASSWORD_WRONG))
    await services.limits.give_back(tries)
    return await _show(visitor, SessionsNotice(kind="password-changed", count=before - 1))


async def _show(visitor: Visitor, notice: SessionsNotice | None = None) -> Response:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    found = await visitor.services.sessions.live_of_user(visitor.user.id)
    browsers = [_browser(visitor, s) for s in found if s.kind == "browser"]
    programs = [await _listed(visitor, s) for s in found if s.kind != "browser"]
    alerts = [
        await _alert(visitor, a) for a in await visitor.services.alerts.of_user(visitor.user.id)
    ]
    return visitor.show(
        SessionsPage(
            account=visitor.account(continue_to=visitor.prefix + "/sessions"),
            form_token=visitor.form_token(),
            browsers=tuple(browsers),
            programs=tuple(programs),
            notice=notice,
            alerts=tuple(alerts),
            with_password=visitor.project.config.credential_enabled,
        )
    )


def _browser(visitor: Visitor, session: Session) -> BrowserSession:
    return BrowserSession(
        id=session.id,
        label=browser_label(session.user_agent),
        current=visitor.session is not None and session.id == visitor.session.id,
        last_used_at=instant(session.last_used_at),
        seen_at=_place(session),
        signed_in_at=instant(session.created_at),
    )


async def _listed(visitor: Visitor, session: Session) -> ProgramSession:
    unused = session.last_used_at == session.created_at
    return ProgramSession(
        id=session.id,
        program=await _program(visitor, session.client_id),
        host_name=session.host_name,
        system=session.system,
        last_used_at=None if unused else instant(session.last_used_at),
        seen_at=_place(session),
        signed_in_at=instant(session.created_at),
        typed_code=session.kind == "device",
        ends_at=instant(session.ends_at()) if session.kind == "device" else None,
    )


async def _alert(visitor: Visitor, alert: Row) -> SessionAlert:
    return SessionAlert(
        id=alert["session_id"],
        program=await _program(visitor, alert["client_id"]),
        host_name=alert["host_name"],
        ended_at=instant(alert["created_at"]),
        address=alert["ip"],
    )


def _place(session: Session) -> Place | None:
    address = session.last_used_ip or session.ip
    return Place(address=address) if address else None


async def _program(visitor: Visitor, client_id: str | None) -> str:
    client = await visitor.services.projects.client(client_id) if client_id else None
    return client.display_name if client else visitor.project.display_name


def _password_page(
    visitor: Visitor, *, current_problem: str | None = None, password_problem: str | None = None
) -> PasswordPage:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    return PasswordPage(
        account=visitor.account(continue_to=visitor.prefix + "/password"),
        form_token=visitor.form_token(),
        has_password=visitor.user.password_hash is not None,
        current_problem=current_problem,
        password_problem=password_problem,
        least_characters=SHORTEST_PASSWORD,
    )


def routes() -> list[Route]:
    """Return the routes of this file."""
    return [
        *both("/sessions", show, methods=["GET"]),
        *both("/sessions/end", end, methods=["POST"]),
        *both("/sessions/end-others", end_others, methods=["POST"]),
        *both("/sessions/dismiss", dismiss, methods=["POST"]),
        *both("/password", show_password, methods=["GET"]),
        *both("/password", change_password, methods=["POST"]),
    ]
