"""What a team is and who may change it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

JSON_COLUMNS = ("client_metadata", "client_read_only_metadata", "server_metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One row of ``team``. Instants are milliseconds since 1970."""

    id: str
    project_id: str
    display_name: str
    profile_image_url: str | None
    client_metadata: Any
    client_read_only_metadata: Any
    server_metadata: Any = field(repr=False)
    personal_of: str | None
    created_at: int

    @classmethod
    def from_row(cls, row: Row) -> Team:
        """Read one row."""
        values: dict[str, Any] = {name: row[name] for name in _PLAIN}
        values |= {name: json.loads(row[name]) if row[name] else None for name in JSON_COLUMNS}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a member appears inside one team; ``None``: as everywhere else."""

    team_id: str
    user_id: str
    display_name: str | None
    profile_image_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody belongs to a team. What they may do there is for ``server/permissions``."""

    team_id: str
    user_id: str


_PLAIN = tuple(set(Team.__dataclass_fields__) - set(JSON_COLUMNS))
