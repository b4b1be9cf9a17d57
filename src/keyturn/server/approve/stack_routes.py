"""The confirm page of the Stack-compatible CLI sign-in, as a page and as JSON.

The link carries the login code, because its clients make it so. The code moves into a cookie at
once, and nothing is approved by having it: somebody signed in presses a button. This door can be
phished by its nature (a link is followed, not typed), hence code, origin and address comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from keyturn.protocol.codes import grouped
from keyturn.server.approve.words import STACK_LASTS, verdict
from keyturn.server.browser.answers import see_other, state
from keyturn.server.browser.pages import both, guarded
from keyturn.server.browser.paths import CLI_CONFIRM, KEEP_GUEST
from keyturn.server.browser.visitor import Visitor, visit
from keyturn.server.cli_login.outcomes import Refusal, Refused
from keyturn.server.clock import instant
from keyturn.server.pages.views import (
    ConfirmPage,
    DeniedPage,
    DonePage,
    GuestAttached,
    InvalidCodePage,
    Origin,
    Place,
    UsedPage,
)
from keyturn.server.sessions.user_agent import system_label

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.approve.service import Asked
    from keyturn.server.cli_login.rules import Attempt
    from keyturn.server.services import Services
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Work

COOKIE = "login_code"
_GRANTS = ("Use your account as you do in the browser", "See your name and email address")


@guarded
async def confirm(request: Request) -> Response:
    """``GET /handler/cli-auth-confirm``: with a code in the URL, move it; without, ask."""
    code = request.query_params.get("login_code")
    if code is not None:
        return await _arrive(request, code)
    visitor = await visit(request)
    attempt = await attempt_of(visitor)
    if visitor.session is None or visitor.user is None:
        if wants_json(request):
            return state({"state": "redirecting", "to": _sign_in_path(visitor)})
        return visitor.sign_in_first(visitor.prefix + CLI_CONFIRM)
    if attempt is None:
        return invalid(visitor)
    if not attempt.is_open(now=visitor.services.clock.now_ms()):
        return _over(visitor, attempt)
    return await _ask(visitor, attempt)


async def decide(
    visitor: Visitor, asked: Asked, token: str, *, approve: bool, recognised: bool
) -> Response:
    """Answer a pressed button."""
    services = visitor.services
    attempt = await services.cli_login.attempt_by_login_code(asked.request)
    if attempt is None or visitor.user is None or visitor.session is None:
        return invalid(visitor)
    if approve and not recognised and verdict(attempt.ip, visitor.origin.ip) == "different":
        return await _ask(visitor, attempt, box_missing=True)
    try:
        session = await services.storage.write(
            _decide_work, visitor, attempt, token, approve, services.clock.now_ms()
        )
    except Refused:
        return _over(visitor, await services.cli_login.attempt_by_login_code(asked.request))
    services.cli_login.announce(attempt)
    if wants_json(visitor.request):
        return state({"state": "success", "approved": approve})
    return visitor.show(_outcome(visitor, session))


def _decide_work(
    visitor: Visitor, attempt: Attempt, token: str, approve: bool, now: int
) -> Work[Session | None]:
    assert visitor.session is not None  # noqa: S101 - the caller checked
    assert visitor.user is not None  # noqa: S101
    services = visitor.services
    yield from services.approvals.use_work(
        token, session=visitor.session, decision="approve" if approve else "deny", now=now
    )
    if not approve:
        if not (yield from services.cli_login.deny_work(attempt, visitor.session, now)):
            raise Refused(Refusal.NOT_OPEN)
        return None
    return (
        yield from services.cli_login.approve_work(
            attempt, visitor.user, visitor.session, visitor.origin, now
        )
    )


async def attempt_of(visitor: Visitor) -> Attempt | None:
    """Return the attempt whose code this browser was given, if it is of this project."""
    code = visitor.cookies.read(visitor.request, COOKIE)
    attempt = await visitor.services.cli_login.attempt_by_login_code(code) if code else None
    return attempt if attempt and attempt.project_id == visitor.project.id else None


def invalid(visitor: Visitor) -> Response:
    """Answer for a code that is unknown, over, or somebody else's: one answer for all."""
    if wants_json(visitor.request):
        return state({"state": "invalid"}, status=404)
    account = visitor.account() if visitor.user else None
    return visitor.show(InvalidCodePage(account=account, minutes=120))


def wants_json(request: Request) -> bool:
    """Say whether a front end of the project's own, on this origin, asks for the state."""
    return "application/json" in request.headers.get("accept", "")


async def _arrive(request: Request, code: str) -> Response:
    services: Services = request.app.state.services
    attempt = await services.cli_login.attempt_by_login_code(code)
    visitor = await visit(request, project_id=attempt.project_id if attempt else None)
    own_front = visitor.project.config.urls.get("cli_auth_confirm")
    if attempt is not None and own_front:
        joint = "&" if "?" in own_front else "?"
        url = own_front + joint + urlencode({"login_code": code})
        return see_other(url)
    response = visitor.see(CLI_CONFIRM)
    visitor.cookies.set_code(response, COOKIE, code if attempt else "-")
    return response


def _sign_in_path(visitor: Visitor) -> str:
    query = urlencode({"continue": visitor.prefix + CLI_CONFIRM})
    return f"{visitor.frame().path}/sign-in?{query}"


async def _ask(visitor: Visitor, attempt: Attempt, *, box_missing: bool = False) -> Response:
    assert visitor.session is not None  # noqa: S101 - the caller checked
    code = visitor.cookies.read(visitor.request, COOKIE) or ""
    token = await visitor.services.approvals.ask("stack", code, session=visitor.session)
    if wants_json(visitor.request):
        return state(_idle_state(visitor, attempt, code, token))
    ours = visitor.origin.ip
    return visitor.show(
        ConfirmPage(
            kind="stack",
            account=visitor.account(continue_to=visitor.prefix + CLI_CONFIRM),
            form_token=token,
            program=visitor.project.display_name,
            code=grouped(code),
            origin=Origin(
                system=system_label(attempt.user_agent),
                seen_at=Place(address=attempt.ip) if attempt.ip else None,
                browser_at=Place(address=ours) if ours else None,
                verdict=verdict(attempt.ip, ours),
            ),
            started_at=instant(attempt.created_at),
            ends_at=instant(attempt.expires_at),
            grants=_GRANTS,
            lasts=STACK_LASTS,
            guest=_guest(visitor, attempt),
            box_missing=box_missing,
        )
    )


def _idle_state(visitor: Visitor, attempt: Attempt, code: str, token: str) -> dict[str, Any]:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    return {
        "state": "idle",
        "code": grouped(code),
        "program": visitor.project.display_name,
        "account": visitor.user.label,
        "address": attempt.ip,
        "system": system_label(attempt.user_agent),
        "needs_box": verdict(attempt.ip, visitor.origin.ip) == "different",
        "guest": _guest(visitor, attempt) is not None,
        "expires_at": instant(attempt.expires_at).isoformat(),
        "post_to": visitor.frame().path + "/cli/decide",
        "form_token": token,
    }


def _guest(visitor: Visitor, attempt: Attempt) -> GuestAttached | None:
    # Never offered to whom the guest already became, nor its tokens to anybody (threat T-7).
    if not attempt.has_anonymous_session or visitor.user is None:
        return None
    if attempt.anonymous_user_id == visitor.user.id:
        return None
    config = visitor.project.config
    upgrade = config.sign_up_enabled and config.credential_enabled
    target = urlencode({"continue": f"{visitor.prefix}{CLI_CONFIRM}?{KEEP_GUEST}"})
    return GuestAttached(upgrade_to=f"/sign-up?{target}" if upgrade else None)


def _over(visitor: Visitor, attempt: Attempt | None) -> Response:
    """Tell who decided that it is decided; everybody else gets the one answer."""
    if (
        attempt is None
        or attempt.decided_at is None
        or visitor.session is None
        or attempt.decided_by != visitor.session.id
    ):
        return invalid(visitor)
    if wants_json(visitor.request):
        return state({"state": "invalid", "decision": attempt.decision}, status=404)
    return visitor.show(
        UsedPage(
            account=visitor.account(),
            program=visitor.project.display_name,
            approved=attempt.decision == "approved",
            decided_at=instant(attempt.decided_at),
        )
    )


def _outcome(visitor: Visitor, session: Session | None) -> DonePage | DeniedPage:
    assert visitor.user is not None  # noqa: S101 - the caller checked
    program, label = visitor.project.display_name, visitor.user.label
    if session is None:
        return DeniedPage(account_label=label, program=program)
    return DonePage(
        account_label=label,
        program=program,
        lasts=STACK_LASTS,
        form_token=visitor.form_token(),
        session=session.id,
    )


def routes() -> list[Route]:
    """Return the routes of this file."""
    return both(CLI_CONFIRM, confirm, methods=["GET"])
