"""Whom an address signs in, and what it means that somebody read a mail sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.accounts.rules import folded_email
from keyturn.server.accounts.upgrading import leave_no_way_in
from keyturn.server.contact_channels import store
from keyturn.server.events import store as events

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


def may_claim(channel: Channel) -> bool:
    """Say whether a mail to a channel may hand over its account at all."""
    return channel.is_verified or channel.is_primary


def ends_other_ways_in(user: User, channel: Channel) -> bool:
    """Say whether ``claimed`` would end every other way into an account."""
    return not (channel.is_verified or user.requires_totp_mfa)


def claimed(user: User, channel: Channel, *, now: int) -> Work[User | None]:
    """Hand an account to whoever reads the mails of its address; return it as it is then.

    Where nobody had proved the address before, somebody else may have signed up with it and be
    waiting: every way in that they have ends. A further address that is unproved hands over
    nothing (``None``): its account is somebody's already. Nor does a mail take a second factor
    away: whoever goes on has to have it.
    """
    if channel.is_verified:
        return user
    if not may_claim(channel):
        return None
    if user.requires_totp_mfa:
        return (yield from accounts.update(user, primary_email_verified=True))
    user = yield from leave_no_way_in(user, reason="address proved", now=now)
    yield from events.record(
        "account.claimed", now=now, project_id=user.project_id, user_id=user.id
    )
    return (yield from accounts.update(user, primary_email_verified=True))
