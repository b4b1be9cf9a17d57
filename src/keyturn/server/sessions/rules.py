"""What a session is, how long it lasts, and when it is over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

Kind = Literal["browser", "cli", "device", "stack", "impersonation"]
Rotation = Literal["none", "supersede"]

DAY_SECONDS = 24 * 3600
LONGEST_FACT = 64
# Why a family ended: somebody presented a token that its owner had long replaced.
ENDED_BY_REUSE = "token reuse"
# Ends that take back what was approved: the owner's own wish, or a theft.
TAKES_CONSENT_BACK = frozenset({"revoked", "not me", "code replayed", ENDED_BY_REUSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a session lasts without use, and at most. Seconds."""

    idle_seconds: int | None
    absolute_seconds: int


BROWSER = Lifetime(idle_seconds=None, absolute_seconds=30 * DAY_SECONDS)
LOOPBACK = Lifetime(idle_seconds=30 * DAY_SECONDS, absolute_seconds=365 * DAY_SECONDS)
# A typed code can be phished where a loopback redirect cannot, so such sessions are shorter.
DEVICE = Lifetime(idle_seconds=None, absolute_seconds=14 * DAY_SECONDS)
STACK = Lifetime(idle_seconds=None, absolute_seconds=365 * DAY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from. ``ip`` is the server's knowledge, the rest are claims."""

    ip: str | None = None
    user_agent: str | None = None
    host_name: str | None = None
    system: str | None = None
    program: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One row of ``session``. Instants are milliseconds since 1970.

    ``authenticated_at`` is when its person signed in; 0 where the app around us did that and has
    not said when.
    """

    id: str
    project_id: str
    user_id: str
    client_id: str | None
    kind: Kind
    rotation: Rotation
    generation: int
    sibling: int
    predecessor_sibling: int
    successor_used: int
    acknowledged: int
    rotated_at: int
    siblings_since: int
    siblings_made: int
    scope: str
    resource: str | None
    claims: str | None = None
    authenticated_at: int
    idle_seconds: int | None
    idle_expires_at: int | None
    absolute_expires_at: int
    approved_by: str | None
    host_name: str | None
    system: str | None
    program: str | None
    user_agent: str | None
    ip: str | None
    last_used_ip: str | None
    last_used_at: int
    created_at: int
    ended_at: int | None
    ended_reason: str | None

    @classmethod
    def from_row(cls, row: Row) -> Session:
        """Read one row."""
        return cls(**{name: row[name] for name in _NAMES})

    def is_alive(self, *, now: int) -> bool:
        """Say whether the session may still be used."""
        return self.ended_at is None and now < self.ends_at()

    def ends_at(self) -> int:
        """Return when the session ends if nobody uses it again."""
        if self.idle_expires_at is None:
            return self.absolute_expires_at
        return min(self.idle_expires_at, self.absolute_expires_at)


_NAMES = tuple(Session.__dataclass_fields__)


def claimed(value: str | None) -> str | None:
    """Return a program's claim about itself, cut to 64 characters, or ``None`` if it is empty."""
    text = "".join(c for c in (value or "") if c.isprintable()).strip()[:LONGEST_FACT]
    return text or None
