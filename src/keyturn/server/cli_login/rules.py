"""What an attempt to sign a CLI in is, and what may still happen to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

Decision = Literal["approved", "denied"]
Standing = Literal["waiting", "expired", "used", "approved"]

DEFAULT_LIFE_MS = 2 * 3600 * 1000
LONGEST_LIFE_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One row of ``cli_login_attempt``. Instants are milliseconds since 1970.

    ``ip`` is where the CLI asked from, ``user_agent`` what it said of itself. What is sealed can
    be opened with the code that its holder has and not without.
    """

    id: str
    project_id: str
    anonymous_user_id: str | None
    anonymous_session_id: str | None
    anonymous_token_sealed: bytes | None = field(repr=False)
    public_key: bytes = field(repr=False)
    private_key_sealed: bytes = field(repr=False)
    refresh_token_sealed: bytes | None = field(repr=False)
    ip: str | None
    user_agent: str | None
    decision: Decision | None
    decided_at: int | None
    decided_by: str | None  # the session that decided
    used_at: int | None
    created_at: int
    expires_at: int

    @classmethod
    def from_row(cls, row: Row) -> Attempt:
        """Read one row."""
        return cls(**{name: row[name] for name in _NAMES})

    @property
    def has_anonymous_session(self) -> bool:
        """Say whether an anonymous session is attached and nobody has claimed it."""
        return self.anonymous_token_sealed is not None

    def is_open(self, *, now: int) -> bool:
        """Say whether somebody may still decide."""
        return self.decision is None and self.used_at is None and now < self.expires_at

    def standing(self, *, now: int) -> Standing:
        """Return what a poll should be told: expired before used before waiting.

        Denied counts as expired, since published clients know nothing else.
        """
        if now >= self.expires_at or self.decision == "denied":
            return "expired"
        if self.used_at is not None:
            return "used"
        return "waiting" if self.decision is None else "approved"


_NAMES = tuple(Attempt.__dataclass_fields__)
