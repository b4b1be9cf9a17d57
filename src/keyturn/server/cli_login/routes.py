"""CLI sign-in on the wire: parse, call the service, render. No decisions are made here."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from keyturn.server.cli_login.outcomes import Poll, Refusal, Refused
from keyturn.server.cli_login.rules import DEFAULT_LIFE_MS, LONGEST_LIFE_MS
from keyturn.server.http.body import has_hung_up
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire
from keyturn.server.waiting import LONGEST_WAIT_SECONDS, Later

R = TypeVar("R")

# Facts that published clients depend on.
TEXTS = {
    Refusal.ANONYMOUS_TOKEN_UNKNOWN: "Invalid anon refresh token",
    Refusal.ANONYMOUS_TOKEN_OF_ANOTHER_PROJECT: (
        "Anon refresh token does not belong to this project"
    ),
    Refusal.ANONYMOUS_TOKEN_EXPIRED: "The provided anon refresh token has expired",
    Refusal.ANONYMOUS_TOKEN_WITHOUT_USER: "User not found for provided refresh token",
    Refusal.NOT_ANONYMOUS: "The provided refresh token does not belong to an anonymous user",
    Refusal.NOT_OPEN: "Invalid login code or the code has expired",
    Refusal.NOTHING_TO_CLAIM: "No anonymous session associated with this code",
    Refusal.ANONYMOUS_SESSION_OVER: "Anonymous session is no longer valid",
    Refusal.REFRESH_TOKEN_MISSING: "refresh_token is required when mode is 'complete'",
    Refusal.REFRESH_TOKEN_UNKNOWN: "Invalid refresh token",
    Refusal.REFRESH_TOKEN_OF_ANOTHER_PROJECT: "Refresh token does not belong to this project",
}
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?:$|[,;])", re.IGNORECASE)


class StartRequest(Wire):
    """What a CLI asks for; everything may be left out."""

    expires_in_millis: Annotated[int, Field(gt=0, le=LONGEST_LIFE_MS)] | None = None
    anon_refresh_token: str | None = None


class StartAnswer(Wire):
    """The two codes: one to poll with, one for the link."""

    polling_code: str
    login_code: str
    expires_at: str


class PollRequest(Wire):
    """The secret half of an attempt."""

    polling_code: str


class PollUndecided(Wire):
    """Nothing to hand out."""

    status: Literal["waiting", "expired", "used"]


class PollSuccess(Wire):
    """The decision, given out once."""

    status: Literal["success"]
    refresh_token: str


class CompleteRequest(Wire):
    """What a front end does with a login code."""

    login_code: str
    mode: Literal["check", "claim-anon-session", "complete"] = "complete"
    refresh_token: str | None = None


class CheckAnswer(Wire):
    """Whether an anonymous session waits to be claimed."""

    cli_session_state: Literal["anonymous", "none"]


class ClaimAnswer(Wire):
    """The anonymous session's own tokens."""

    access_token: str
    refresh_token: str


async def start_cli_login(call: Call[StartRequest, Nothing]) -> Wire:
    """Start a CLI sign-in."""
    started = await _or_text(
        call.services.cli_login.start(
            call.project.id,
            life_ms=call.body.expires_in_millis or DEFAULT_LIFE_MS,
            anonymous_token=call.body.anon_refresh_token,
            origin=call.origin,
        )
    )
    return StartAnswer(
        polling_code=started.polling_code,
        login_code=started.login_code,
        expires_at=_instant(started.expires_at),
    )


async def poll_cli_login(call: Call[PollRequest, Nothing]) -> Wire | Later[Wire]:
    """Ask whether a CLI sign-in has been decided.

    With ``Prefer: wait=SECONDS`` (at most 60) the answer is held back until it has been.
    """
    found = await call.services.cli_login.poll(
        call.project.id,
        call.body.polling_code,
        wait_seconds=wait_seconds(call.request.headers.getlist("prefer")),
        is_gone=partial(has_hung_up, call.request.receive),
    )
    if isinstance(found, Later):
        return Later(partial(_poll_held, found))
    if found is None:
        raise errors.invalid_polling_code()
    return _poll_answer(found)


async def _poll_held(found: Later[Poll]) -> Wire:
    return _poll_answer(await found.answer())


def _poll_answer(found: Poll) -> Wire:
    if found.status == "success" and found.refresh_token is not None:
        return PollSuccess(status="success", refresh_token=found.refresh_token)
    return PollUndecided.model_validate({"status": found.status})


async def complete_cli_login(call: Call[CompleteRequest, Nothing]) -> Wire:
    """Look at a CLI sign-in, claim its anonymous session, or approve it."""
    cli_login, body = call.services.cli_login, call.body
    if body.mode == "check":
        attempt = await _or_text(cli_login.open_attempt(call.project.id, body.login_code))
        state: Literal["anonymous", "none"] = (
            "anonymous" if attempt.has_anonymous_session else "none"
        )
        return CheckAnswer(cli_session_state=state)
    if body.mode == "claim-anon-session":
        return await _claim(call)
    await _or_text(cli_login.complete(call.project.id, body.login_code, body.refresh_token))
    return Success()


async def _claim(call: Call[CompleteRequest, Nothing]) -> ClaimAnswer:
    claimed = await _or_text(call.services.cli_login.claim(call.project.id, call.body.login_code))
    access_token = await call.services.stack_tokens.access.issue(
        call.project, claimed.holder.user, claimed.holder.session
    )
    return ClaimAnswer(access_token=access_token, refresh_token=claimed.refresh_token)


def wait_seconds(prefer: list[str]) -> int:
    """Return how long a request is willing to wait (RFC 7240 section 4.3), at most 60 s."""
    found = _WAIT.search(", ".join(prefer))
    return min(int(found[1]), LONGEST_WAIT_SECONDS) if found else 0


async def _or_text(work: Awaitable[R]) -> R:
    try:
        return await work
    except Refused as refused:
        raise errors.StatusError(400, TEXTS[refused.reason]) from None


def _instant(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


TAG = "CLI sign-in"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/cli/poll",
        handler=poll_cli_login,
        body=PollRequest,
        answers={200: PollUndecided, 201: PollSuccess},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/cli",
        handler=start_cli_login,
        body=StartRequest,
        body_required=False,
        answers={200: StartAnswer},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/cli/complete",
        handler=complete_cli_login,
        body=CompleteRequest,
        answers={200: CheckAnswer | ClaimAnswer | Success},
        tag=TAG,
    ),
)
