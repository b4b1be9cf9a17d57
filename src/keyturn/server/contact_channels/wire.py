"""The JSON of contact channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.stack.callback import CallbackUrl  # noqa: TC001 - pydantic reads it too
from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.contact_channels.rules import Channel

ChannelType = Literal["email"]


class ChannelView(Wire):
    """One address of a user."""

    id: str
    user_id: str
    value: str
    type: ChannelType = "email"
    is_primary: bool
    is_verified: bool
    used_for_auth: bool


class ChannelList(Wire):
    """A user's addresses, the primary one first."""

    items: list[ChannelView]
    is_paginated: bool = False


class ChannelQuery(Wire):
    """Whose channels; ``me`` is whoever is signed in."""

    user_id: str | None = None
    contact_channel_id: str | None = None


class ChannelClientCreate(Wire):
    """A new address of the signed-in user."""

    user_id: str
    value: Email
    type: ChannelType
    used_for_auth: bool
    is_primary: bool = False


class ChannelCreate(ChannelClientCreate):
    """A new address of any user; a server can say that it is verified."""

    is_verified: bool = False


class ChannelClientUpdate(Wire):
    """What a user can change about an address; a new value is unverified."""

    value: Email = ""
    type: ChannelType = "email"
    used_for_auth: bool = False
    is_primary: bool = False


class ChannelUpdate(ChannelClientUpdate):
    """The same for servers, which can say that it is verified."""

    is_verified: bool = False


class SendVerification(Wire):
    """Where the mailed link leads: an origin that the project lists."""

    callback_url: CallbackUrl


class SendVerificationToPrimary(SendVerification):
    """The same, naming the signed-in user's primary address."""

    email: Email


def channel_view(channel: Channel) -> ChannelView:
    """Render a channel."""
    return ChannelView(
        id=channel.id,
        user_id=channel.user_id,
        value=channel.value,
        is_primary=channel.is_primary,
        is_verified=channel.is_verified,
        used_for_auth=channel.used_for_auth,
    )
