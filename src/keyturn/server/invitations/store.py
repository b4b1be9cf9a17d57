"""What invitations need from storage, beside the codes that open them."""

from __future__ import annotations

from keyturn.server.accounts.rules import folded_email
from keyturn.server.invitations.rules import Invitation
from keyturn.server.storage.base import Work, every, first, run


def insert(code_id: str, team_id: str, email: str) -> Work[None]:
    """Note whom a code invites to which team."""
    yield from run(
        "insert_team_invitation",
        code_id=code_id,
        team_id=team_id,
        email=email,
        folded_email=folded_email(email),
    )


def live(
    project_id: str,
    *,
    now: int,
    team_id: str = "",
    folded_email: str = "",
    invitation_id: str = "",
) -> Work[list[Invitation]]:
    """Return what could still be accepted, oldest first; empty means any."""
    rows = yield from every(
        "live_team_invitations",
        project_id=project_id,
        now=now,
        team_id=team_id,
        folded_email=folded_email,
        id=invitation_id,
    )
    return [Invitation.from_row(row) for row in rows]


def by_id(project_id: str, invitation_id: str, *, now: int) -> Work[Invitation | None]:
    """Return an invitation that could still be accepted; never for an empty id."""
    if not invitation_id:
        return None
    found = yield from live(project_id, now=now, invitation_id=invitation_id)
    return found[0] if found else None


def use(invitation_id: str, *, now: int) -> Work[bool]:
    """Use an invitation up by its id; false for everybody but the first."""
    row = yield from first("use_team_invitation", id=invitation_id, now=now)
    return row is not None
