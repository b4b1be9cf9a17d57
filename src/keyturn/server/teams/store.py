"""What teams and memberships need from storage."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyturn.server.storage.base import Row, Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


def personal_name(user: User) -> str:
    """Return how a user's own team is called until somebody renames it."""
    return f"{user.display_name or user.primary_email or 'Guest'}'s Team"


def ensure_personal(project_id: str, user: User, *, now: int) -> Work[None]:
    """Give a user a team of its own, or rename the one it has unless that was done by hand."""
    found = yield from first("personal_team", user_id=user.id)
    if found:
        yield from run("rename_personal_team", id=found["id"], display_name=personal_name(user))
        return
    team_id = str(uuid.uuid4())
    yield from run(
        "insert_team",
        id=team_id,
        project_id=project_id,
        display_name=personal_name(user),
        profile_image_url=None,
        client_metadata=None,
        client_read_only_metadata=None,
        server_metadata=None,
        personal_of=user.id,
        now=now,
    )
    yield from add_member(team_id, user.id, is_admin=True, now=now)
    yield from run("select_team", user_id=user.id, team_id=team_id)


def add_member(team_id: str, user_id: str, *, is_admin: bool, now: int) -> Work[bool]:
    """Add a member; false if it is one already."""
    row = yield from first(
        "insert_team_member", team_id=team_id, user_id=user_id, is_admin=int(is_admin), now=now
    )
    return row is not None


def of_user(project_id: str, user_id: str) -> Work[list[Row]]:
    """Return the teams a user belongs to, oldest first."""
    return (yield from every("teams_of_user", project_id=project_id, user_id=user_id))
