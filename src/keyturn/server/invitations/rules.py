"""What an invitation to a team is, and whose it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import folded_email

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keyturn.server.contact_channels.rules import Channel
    from keyturn.server.storage.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation that could still be accepted. ``expires_at`` in ms since 1970."""

    id: str
    team_id: str
    team_display_name: str
    email: str
    expires_at: int

    @classmethod
    def from_row(cls, row: Row) -> Invitation:
        """Read one row of ``live_team_invitations``."""
        return cls(**{name: row[name] for name in cls.__slots__})


def proved_addresses(channels: Iterable[Channel]) -> list[str]:
    """Return the addresses, folded, at which somebody has proved to read their mails.

    Whoever merely claims an address must not see, let alone accept, what is sent to it.
    """
    return sorted({channel.folded for channel in channels if channel.is_verified})


def is_for(invitation: Invitation, channels: Iterable[Channel]) -> bool:
    """Say whether an invitation was sent to an address that somebody has proved to be theirs."""
    return folded_email(invitation.email) in proved_addresses(channels)
