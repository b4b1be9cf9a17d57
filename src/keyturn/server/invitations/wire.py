"""The JSON of invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.stack.callback import CallbackUrl  # noqa: TC001 - pydantic reads it
from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.invitations.rules import Invitation


class InvitationQuery(Wire):
    """Whose invitations: a team's, or those sent to a user. Clients ask for ``user_id=me``."""

    team_id: str | None = None
    user_id: str | None = None


class OfTeamQuery(Wire):
    """Which team's invitation."""

    team_id: str | None = None


class ForUserQuery(Wire):
    """For whom; clients say ``me``."""

    user_id: str


class SendInvitation(Wire):
    """Whom to invite, and which page the mailed link leads to."""

    team_id: str
    email: Email
    callback_url: CallbackUrl


class Sent(Wire):
    """An invitation is on its way."""

    success: bool = True
    id: str


class Accepted(Wire):
    """No members: the user belongs to the team now."""


class InvitationDetails(Wire):
    """Which team an invitation is to."""

    team_id: str
    team_display_name: str


class InvitationView(InvitationDetails):
    """An invitation that could still be accepted."""

    id: str
    expires_at_millis: int
    recipient_email: str


class InvitationList(Wire):
    """Invitations, all of them."""

    items: list[InvitationView]
    is_paginated: bool = False


def invitation_view(found: Invitation) -> InvitationView:
    """Render an invitation."""
    return InvitationView(
        id=found.id,
        team_id=found.team_id,
        team_display_name=found.team_display_name,
        expires_at_millis=found.expires_at,
        recipient_email=found.email,
    )
