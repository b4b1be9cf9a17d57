"""What the OAuth grants need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.oauth.rules import SLOW_DOWN_SECONDS
from keyturn.server.storage.base import Row, Work, conditional, each, first, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.sessions.rules import Origin


def user_may_sign_in(user_id: str) -> Work[bool]:
    """Say whether the account exists and is not disabled."""
    return (yield from first("oauth_user_may_sign_in", id=user_id)) is not None


def insert_code(
    code_hash: bytes,
    *,
    client_id: str,
    project_id: str,
    user_id: str,
    approved_by: str,
    redirect_uri: str,
    code_challenge: str,
    scope: str,
    resource: str | None,
    nonce: str | None,
    claims: str | None,
    authenticated_at: int,
    origin: Origin,
    now: int,
    expires_at: int,
) -> Work[None]:
    """Keep an authorization code until it is redeemed."""
    yield from run(
        "insert_authorization_code",
        code_hash=code_hash,
        client_id=client_id,
        project_id=project_id,
        user_id=user_id,
        approved_by=approved_by,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        scope=scope,
        resource=resource,
        nonce=nonce,
        claims=claims,
        authenticated_at=authenticated_at,
        **_facts(origin),
        now=now,
        expires_at=expires_at,
    )


def redeem_code(
    code_hash: bytes, *, client_id: str, redirect_uri: str, now: int
) -> Work[Row | None]:
    """Mark a live code of this client and redirect URI as used; ``None`` if there is none."""
    return (
        yield from first(
            "redeem_authorization_code",
            code_hash=code_hash,
            client_id=client_id,
            redirect_uri=redirect_uri,
            now=now,
        )
    )


def code(code_hash: bytes, *, client_id: str, redirect_uri: str) -> Work[Row | None]:
    """Find a code of this client and redirect URI, used and expired ones too."""
    return (
        yield from first(
            "authorization_code",
            code_hash=code_hash,
            client_id=client_id,
            redirect_uri=redirect_uri,
        )
    )


def note_session_of_code(code_hash: bytes, session_id: str) -> Work[None]:
    """Remember what a code gave, so that a replay can end it."""
    yield from run("note_session_of_code", code_hash=code_hash, session_id=session_id)


def insert_device(
    request_id: str,
    *,
    device_code_hash: bytes,
    user_code_hash: bytes,
    client_id: str,
    project_id: str,
    scope: str,
    resource: str | None,
    origin: Origin,
    interval_seconds: int,
    now: int,
    expires_at: int,
) -> Work[bool]:
    """Keep a device authorization; false if its user code is taken."""
    row = yield from first(
        "insert_device_authorization",
        id=request_id,
        device_code_hash=device_code_hash,
        user_code_hash=user_code_hash,
        client_id=client_id,
        project_id=project_id,
        scope=scope,
        resource=resource,
        **_facts(origin),
        interval_seconds=interval_seconds,
        now=now,
        expires_at=expires_at,
    )
    return row is not None


def open_device(
    user_code_hash: bytes, *, project_id: str, owner: bytes, now: int
) -> Work[Row | None]:
    """Make a browser the owner of a live code, or find that it is; ``None`` for anybody else."""
    return (
        yield from first(
            "open_device_authorization",
            user_code_hash=user_code_hash,
            project_id=project_id,
            owner=owner,
            now=now,
        )
    )


def owned_device(request_id: str, *, owner: bytes, now: int) -> Work[Row | None]:
    """Find a live request that this browser owns."""
    return (yield from first("owned_device_authorization", id=request_id, owner=owner, now=now))


def decide_device(
    request_id: str,
    *,
    owner: bytes,
    project_id: str,
    decision: str,
    user_id: str,
    approved_by: str,
    now: int,
) -> Work[Row | None]:
    """Decide a live, undecided request of this browser; ``None`` if it is not that."""
    return (
        yield from first(
            "decide_device_authorization",
            id=request_id,
            owner=owner,
            project_id=project_id,
            decision=decision,
            user_id=user_id,
            approved_by=approved_by,
            now=now,
        )
    )


def withdraw_device(request_id: str, *, owner: bytes) -> Work[Row | None]:
    """Turn an uncollected approval of this browser into a refusal; return the request."""
    return (yield from first("withdraw_device_authorization", id=request_id, owner=owner))


def device(device_code_hash: bytes) -> Work[Row | None]:
    """Find what a device code asks for, in whatever state."""
    return (yield from first("device_authorization_by_code", device_code_hash=device_code_hash))


def slow_device_down(request_id: str, *, now: int) -> Work[None]:
    """Make the interval of a code that was polled too early longer for good."""
    yield from run("slow_device_down", id=request_id, slower_by=SLOW_DOWN_SECONDS, now=now)


@conditional
def note_device_polls(polls: Sequence[tuple[str, int]]) -> Work[None]:
    """Keep when codes were polled: ids and instants in ms. A later one that is there stays."""
    yield from each("note_device_polls", [{"id": code, "now": at} for code, at in polls])


def redeem_device(request_id: str, *, now: int) -> Work[Row | None]:
    """Mark an approved request as redeemed; ``None`` for all but one of those who try."""
    return (yield from first("redeem_device_authorization", id=request_id, now=now))


def note_session_of_device(request_id: str, session_id: str) -> Work[None]:
    """Remember which session a device code gave."""
    yield from run("note_session_of_device", id=request_id, session_id=session_id)


def _facts(origin: Origin) -> dict[str, str | None]:
    return {
        "host_name": origin.host_name,
        "system": origin.system,
        "program": origin.program,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
    }
