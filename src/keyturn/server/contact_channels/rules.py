"""What a contact channel is, which one is the primary, and what a change makes of it. Pure.

The primary address is part of the user's own row, the others have rows of their own. Together they
are the user's channels; nothing about an address is written down twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.rules import folded_email

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.storage.base import Row


class AddressTwice(Exception):
    """The user has that address already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One address of a user. ``created_at`` is in milliseconds since 1970."""

    id: str
    user_id: str
    value: str
    is_primary: bool
    is_verified: bool
    used_for_auth: bool
    created_at: int

    @classmethod
    def from_row(cls, row: Row) -> Channel:
        """Read one row of ``contact_channel``: an address that is not the primary one."""
        return cls(
            id=row["id"],
            user_id=row["user_id"],
            value=row["value"],
            is_primary=False,
            is_verified=bool(row["is_verified"]),
            used_for_auth=row["sign_in_email"] is not None,
            created_at=row["created_at"],
        )

    @property
    def folded(self) -> str:
        """The address without its case, as it is compared and as it signs in."""
        return folded_email(self.value)

    @property
    def sign_in_email(self) -> str | None:
        """The address under which it signs in, or ``None`` where it does not."""
        return self.folded if self.used_for_auth else None


def primary_of(user: User) -> Channel | None:
    """Return a user's primary address, if it has one."""
    if user.primary_email is None:
        return None
    return Channel(
        id=primary_id_of(user),
        user_id=user.id,
        value=user.primary_email,
        is_primary=True,
        is_verified=user.primary_email_verified,
        used_for_auth=user.sign_in_email is not None,
        created_at=user.signed_up_at,
    )


def primary_id_of(user: User) -> str:
    """Return the id of the primary address. One that was never moved follows from the user's."""
    return user.primary_channel_id or str(uuid.uuid5(uuid.NAMESPACE_OID, user.id))


def changed(channel: Channel, changes: Mapping[str, Any]) -> Channel:
    """Return a channel with members of the wire changed; a new address is unverified."""
    known = {name: value for name, value in changes.items() if name != "type"}
    after = replace(channel, **known)
    if after.folded != channel.folded and "is_verified" not in known:
        after = replace(after, is_verified=False)
    return after


def refuse_twice(channel: Channel, channels: Sequence[Channel]) -> None:
    """Raise AddressTwice if another of the user's channels has the address."""
    if any(other.folded == channel.folded and other.id != channel.id for other in channels):
        raise AddressTwice
