"""The audit log: one row for each thing an owner or operator may ask about. Never a secret."""

from __future__ import annotations

import json
import secrets
import uuid

from keyturn.server.storage.base import Row, Work, every, run


def record(
    event: str,
    /,
    *,
    now: int,
    project_id: str | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    ip: str | None = None,
    **facts: str | int | None,
) -> Work[None]:
    """Write one event in the transaction of what it tells about."""
    yield from run(
        "insert_audit_event",
        id=new_id(now),
        project_id=project_id,
        kind=event,
        user_id=user_id,
        session_id=session_id,
        ip=ip,
        facts=json.dumps(facts),
        now=now,
    )


def of_user(user_id: str, *, most: int = 100) -> Work[list[Row]]:
    """Return the newest events of a user."""
    return (yield from every("audit_events_of_user", user_id=user_id, most=most))


def of_session(session_id: str) -> Work[list[Row]]:
    """Return the events of a session, oldest first."""
    return (yield from every("audit_events_of_session", session_id=session_id))


def new_id(now: int) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7): what is written together lies together.

    Ids without order touch a page of the index each, and every page is written with its commit.
    """
    chance = secrets.randbits(74)
    return str(
        uuid.UUID(int=now << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance % (1 << 62))
    )
