"""What contact channels need from storage: those beside the primary one, which is the account's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import folded_email
from keyturn.server.contact_channels.rules import Channel, primary_of
from keyturn.server.storage.base import Work, every, run

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


def of_user(user: User) -> Work[list[Channel]]:
    """Return all channels of a user: the primary one, then the others, oldest first."""
    primary = primary_of(user)
    others = yield from beside_primary(user)
    return ([primary] if primary else []) + others


def beside_primary(user: User) -> Work[list[Channel]]:
    """Return the channels that have rows of their own, oldest first."""
    rows = yield from every("contact_channels_of_user", user_id=user.id)
    return [Channel.from_row(row) for row in rows]


def is_verified(user: User, email: str) -> Work[bool]:
    """Say whether an address is one of the user's that they have proved to be theirs."""
    folded = folded_email(email)
    found = yield from of_user(user)
    return any(channel.folded == folded and channel.is_verified for channel in found)


def insert(project_id: str, channel: Channel) -> Work[None]:
    """Keep a channel beside the primary one."""
    yield from run(
        "insert_contact_channel",
        id=channel.id,
        project_id=project_id,
        user_id=channel.user_id,
        value=channel.value,
        folded=channel.folded,
        sign_in_email=channel.sign_in_email,
        is_verified=int(channel.is_verified),
        created_at=channel.created_at,
    )


def delete(channel: Channel) -> Work[None]:
    """Forget a channel beside the primary one."""
    yield from run("delete_contact_channel", id=channel.id, user_id=channel.user_id)


def verify(user_id: str, folded: str) -> Work[None]:
    """Note that whoever reads the mails to an address beside the primary one is its user."""
    yield from run("verify_contact_channel", user_id=user_id, folded=folded)
