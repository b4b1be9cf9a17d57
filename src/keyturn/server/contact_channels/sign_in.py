"""Whom an address signs in, and what it means that somebody read a mail sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.accounts.rules import folded_email
from keyturn.server.contact_channels import store

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.contact_channels.rules import Channel
    from keyturn.server.storage.base import Work


def signing_in(project_id: str, email: str) -> Work[tuple[User, Channel] | None]:
    """Return who signs in with an address, and which of their channels it is.

    ``None`` if nobody does. Whether the account is disabled is for the caller to judge.
    """
    user = yield from accounts.by_sign_in_email(project_id, email)
    if user is None:
        return None
    folded = folded_email(email)
    for channel in (yield from store.of_user(user)):
        if channel.sign_in_email == folded:
            return user, channel
    return None


def proved(user: User, channel: Channel) -> Work[None]:
    """Note that whoever reads the mails of a channel is its user."""
    if channel.is_primary:
        yield from accounts.update(user, primary_email_verified=True)
    else:
        yield from store.verify(user.id, channel.folded)
