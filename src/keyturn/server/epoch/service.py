"""Ending everything that a restored backup would bring back to life.

A backup knows nothing of what happened after it: sessions revoked since then are alive in it, codes
already redeemed are fresh, and a family that has rotated since would take its old tokens again. So
everything that opens a session ends, in one transaction; accounts, projects and keys stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.events import store as events
from keyturn.server.storage.base import Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage

# Why such a session has ended, as its owner reads it.
ENDED_BY_RESTORE = "restored from backup"
_PENDING = (
    "void_authorization_codes",
    "void_device_authorizations",
    "void_cli_login_attempts",
    "void_approvals",
    "void_mail_links",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bumped:
    """What has ended: the new epoch's number, and how many sessions and pending sign-ins."""

    epoch: int
    sessions: int
    pending: int


async def bump(storage: Storage, clock: Clock) -> Bumped:
    """Begin a new epoch; all or nothing. Raises StorageUnavailable."""
    return await storage.write(_bump, clock.now_ms())


def _bump(now: int) -> Work[Bumped]:
    row = yield from first("server_meta", name="epoch")
    epoch = int(row["value"]) + 1 if row else 1
    yield from run("save_server_meta", name="epoch", value=str(epoch))
    counted = yield from first("live_sessions")
    yield from run("end_every_session", now=now, reason=ENDED_BY_RESTORE)
    pending = 0
    for statement in _PENDING:
        pending += len((yield from every(statement)))
    sessions = counted["live"] if counted else 0
    yield from events.record("epoch.bumped", now=now, epoch=epoch, sessions=sessions)
    return Bumped(epoch=epoch, sessions=sessions, pending=pending)
