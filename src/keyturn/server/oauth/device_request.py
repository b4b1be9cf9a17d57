"""What the device grant keeps and tells: a program that waits, its codes, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A program that waits for somebody's decision. Instants are milliseconds since 1970.

    ``ip`` and ``user_agent`` are what this server saw; host_name, system and program are claims.
    """

    id: str
    client_id: str
    project_id: str
    scope: str
    resource: str | None
    ip: str | None
    user_agent: str | None
    host_name: str | None
    system: str | None
    program: str | None
    created_at: int
    expires_at: int
    decision: Literal["approve", "deny"] | None
    decided_at: int | None
    user_id: str | None
    session_id: str | None

    @classmethod
    def from_row(cls, row: Row) -> DeviceRequest:
        """Read one row of ``device_authorization``."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the program is told (RFC 8628 section 3.2)."""

    request_id: str
    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOutcome:
    """What came of a decision.

    Attributes:
        kind: ``approved`` or ``denied`` just now; ``decided`` before (see ``request.decision``);
            ``gone``: unknown, expired, another browser's, or of another project than the user's.
        request: The request, except where it is gone.
    """

    kind: Literal["approved", "denied", "decided", "gone"]
    request: DeviceRequest | None = None


def topic(request_id: str) -> str:
    """Return what a poll of this request waits for."""
    return f"device:{request_id}"
