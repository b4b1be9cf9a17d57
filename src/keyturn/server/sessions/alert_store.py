"""What alerts need from storage."""

from __future__ import annotations

from keyturn.server.storage.base import Row, Work, every, first, run


def add(session_id: str, *, user_id: str, ip: str | None, now: int) -> Work[None]:
    """Note that the owner is to be told of this session's end, in the transaction that ended it."""
    yield from run("insert_session_alert", session_id=session_id, user_id=user_id, ip=ip, now=now)


def due(*, now: int) -> Work[str | None]:
    """Return the session whose mail has waited longest, if one is due. Changes nothing."""
    row = yield from first("due_session_alert", now=now)
    return row["session_id"] if row else None


def claim(session_id: str, *, now: int, until: int) -> Work[Row | None]:
    """Take a due alert for oneself until then; ``None`` if somebody else has it."""
    return (yield from first("claim_session_alert", session_id=session_id, now=now, until=until))


def put_off(session_id: str, *, until: int) -> Work[None]:
    """Have an alert sent later."""
    yield from run("put_off_session_alert", session_id=session_id, until=until)


def settle(session_id: str) -> Work[None]:
    """Note that there is no mail left to send."""
    yield from run("settle_session_alert", session_id=session_id)


def of_user(user_id: str, *, most: int) -> Work[list[Row]]:
    """Return what the sessions page still shows a user, newest first."""
    return (yield from every("session_alerts_of_user", user_id=user_id, most=most))


def dismiss(session_id: str, *, user_id: str, now: int) -> Work[None]:
    """Put a user's own alert away."""
    yield from run("dismiss_session_alert", session_id=session_id, user_id=user_id, now=now)
