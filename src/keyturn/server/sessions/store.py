"""What sessions need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.events import store as events
from keyturn.server.sessions.rules import Kind, Lifetime, Origin, Rotation, Session
from keyturn.server.storage.base import Work, conditional, each, every, first, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.sessions.rotations import Asked


def insert(
    session_id: str,
    *,
    project_id: str,
    user_id: str,
    kind: Kind,
    rotation: Rotation,
    lifetime: Lifetime,
    origin: Origin,
    now: int,
    token_hash: bytes | None = None,
    client_id: str | None = None,
    scope: str = "",
    resource: str | None = None,
    claims: str | None = None,
    authenticated_at: int | None = None,
    approved_by: str | None = None,
) -> Work[Session]:
    """Create a session."""
    idle = lifetime.idle_seconds
    row = yield from first(
        "insert_session",
        id=session_id,
        project_id=project_id,
        user_id=user_id,
        client_id=client_id,
        kind=kind,
        rotation=rotation,
        token_hash=token_hash,
        scope=scope,
        resource=resource,
        claims=claims,
        authenticated_at=now if authenticated_at is None else authenticated_at,
        idle_seconds=idle,
        idle_expires_at=None if idle is None else now + idle * 1000,
        absolute_expires_at=now + lifetime.absolute_seconds * 1000,
        approved_by=approved_by,
        host_name=origin.host_name,
        system=origin.system,
        program=origin.program,
        user_agent=origin.user_agent,
        ip=origin.ip,
        now=now,
    )
    assert row is not None  # noqa: S101 - RETURNING of an unconditional insert
    return Session.from_row(row)


def by_id(session_id: str) -> Work[Session | None]:
    """Find a session, ended ones too."""
    row = yield from first("session", id=session_id)
    return Session.from_row(row) if row else None


def by_token(token_hash: bytes) -> Work[Session | None]:
    """Find the session of a token that does not rotate, ended ones too."""
    row = yield from first("session_by_token", token_hash=token_hash)
    return Session.from_row(row) if row else None


def live_of_user(user_id: str, *, now: int) -> Work[list[Session]]:
    """Return a user's live sessions, newest first."""
    rows = yield from every("live_sessions_of_user", user_id=user_id, now=now)
    return [Session.from_row(row) for row in rows]


def rotate(
    session_id: str, *, generation: int, sibling: int, ip: str | None, now: int
) -> Work[Session | None]:
    """Move a family to its next generation; ``None`` if it is no longer at this one."""
    row = yield from first(
        "rotate_session", id=session_id, generation=generation, sibling=sibling, ip=ip, now=now
    )
    return Session.from_row(row) if row else None


@conditional
def rotate_all(asked: Sequence[Asked]) -> Work[dict[str, Session]]:
    """Move many families, each named once, to their next generation; return those that moved.

    Each that moves is in the audit log with it.
    """
    items = [
        {
            "id": one.token.family_id,
            "generation": one.token.generation,
            "sibling": one.token.sibling,
            "client_id": one.client_id,
            "ip": one.ip,
            "now": one.now,
            "event_id": events.new_id(one.now),
        }
        for one in asked
    ]
    rows = yield from each("rotate_plain_sessions", items, then="record_refreshes")
    return {row["id"]: Session.from_row(row) for row in rows}


def record_refresh(moved: Session) -> Work[None]:
    """Write into the audit log that a family has just been refreshed."""
    yield from run("record_refresh", id=moved.id, event_id=events.new_id(moved.rotated_at))


def add_sibling(family: Session, *, ip: str | None, now: int) -> Work[Session | None]:
    """Replace an unused successor; ``None`` if the family is no longer as it was read."""
    row = yield from first(
        "add_sibling",
        id=family.id,
        generation=family.generation,
        sibling=family.sibling,
        ip=ip,
        now=now,
    )
    return Session.from_row(row) if row else None


def use_successor(
    session_id: str, *, generation: int, sibling: int, window_start: int
) -> Work[None]:
    """Note that the access token of the current generation was used outside the window."""
    yield from run(
        "use_successor",
        id=session_id,
        generation=generation,
        sibling=sibling,
        window_start=window_start,
    )


def withdraw_consent(user_id: str, client_id: str) -> Work[None]:
    """Let a client ask this person again before it is given anything."""
    yield from run("withdraw_consent", user_id=user_id, client_id=client_id)


def acknowledge(session_id: str, *, generation: int, sibling: int) -> Work[None]:
    """Note that the client has stored the current generation."""
    yield from run("acknowledge_successor", id=session_id, generation=generation, sibling=sibling)


def touch(session_id: str, *, ip: str | None, now: int) -> Work[None]:
    """Note a use of a live session, which also moves its idle end."""
    yield from run("touch_session", id=session_id, ip=ip, now=now)


def end(session_id: str, *, reason: str, now: int) -> Work[Session | None]:
    """End a session; ``None`` if it had ended already or never was."""
    row = yield from first("end_session", id=session_id, reason=reason, now=now)
    return Session.from_row(row) if row else None


def end_of_user(user_id: str, *, reason: str, now: int, but: str = "") -> Work[int]:
    """End a user's sessions except ``but``; return how many ended."""
    yield from _withdraw_approvals(user_id, now)
    rows = yield from every(
        "end_sessions_of_user", user_id=user_id, reason=reason, now=now, but=but
    )
    return len(rows)


def end_programs_of_user(user_id: str, *, reason: str, now: int) -> Work[int]:
    """End a user's sessions except those of browsers; return how many ended."""
    yield from _withdraw_approvals(user_id, now)
    return len((yield from every("end_programs_of_user", user_id=user_id, reason=reason, now=now)))


def _withdraw_approvals(user_id: str, now: int) -> Work[None]:
    # What was approved and not yet collected would otherwise begin a session just after the others
    # have ended, even where the browser that approved it is the one that stays (S-24).
    yield from run("withdraw_codes_of_user", user_id=user_id, now=now)
    yield from run("withdraw_devices_of_user", user_id=user_id)
    yield from run("withdraw_consents_of_user", user_id=user_id)
