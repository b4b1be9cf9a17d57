"""What teams and memberships need from storage."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from keyturn.server.permissions import store as permissions
from keyturn.server.storage.base import Work, every, first, run
from keyturn.server.storage.paging import Page, like
from keyturn.server.teams.rules import JSON_COLUMNS, Member, Profile, Team

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User

_COLUMNS = ("display_name", "profile_image_url", *JSON_COLUMNS)


def personal_name(user: User) -> str:
    """Return how a user's own team is called until somebody renames it."""
    return f"{user.display_name or user.primary_email or 'Guest'}'s Team"


def ensure_personal(project_id: str, user: User, *, now: int) -> Work[None]:
    """Give a user a team of its own, or rename the one it has unless that was done by hand."""
    found = yield from first("personal_team", user_id=user.id)
    if found:
        yield from run("rename_personal_team", id=found["id"], display_name=personal_name(user))
        return
    team = yield from insert(
        str(uuid.uuid4()),
        project_id,
        now=now,
        personal_of=user.id,
        display_name=personal_name(user),
    )
    yield from add_member(team, user.id, is_creator=True, now=now)
    yield from run("select_team", user_id=user.id, team_id=team.id)


def by_id(project_id: str, team_id: str) -> Work[Team | None]:
    """Find a team of a project."""
    row = yield from first("team", id=team_id, project_id=project_id)
    return Team.from_row(row) if row else None


def insert(
    team_id: str, project_id: str, *, now: int, personal_of: str | None = None, **columns: Any
) -> Work[Team]:
    """Create a team; metadata are given as JSON values."""
    row = yield from first(
        "insert_team",
        id=team_id,
        project_id=project_id,
        personal_of=personal_of,
        now=now,
        **_stored({name: columns.get(name) for name in _COLUMNS}),
    )
    assert row is not None  # noqa: S101 - RETURNING of an unconditional insert
    return Team.from_row(row)


def update(team: Team, **changes: Any) -> Work[Team | None]:
    """Change columns of a team; ``None`` if it is gone. A renamed team is nobody's own any more."""
    values = {name: changes.get(name, getattr(team, name)) for name in _COLUMNS}
    renamed = values["display_name"] != team.display_name
    row = yield from first(
        "update_team",
        id=team.id,
        project_id=team.project_id,
        personal_of=None if renamed else team.personal_of,
        **_stored(values),
    )
    return Team.from_row(row) if row else None


def delete(team: Team) -> Work[bool]:
    """Remove a team and its memberships; say whether it was there."""
    yield from run("unselect_team", team_id=team.id)
    row = yield from first("delete_team", id=team.id, project_id=team.project_id)
    return row is not None


def add_member(team: Team, user_id: str, *, is_creator: bool, now: int) -> Work[bool]:
    """Add a member with the permissions the project gives it; false if it is one already."""
    row = yield from first(
        "insert_team_member",
        team_id=team.id,
        user_id=user_id,
        # For servers of a version without permissions, beside which this one may run.
        is_admin=int(is_creator),
        now=now,
    )
    if row is None:
        return False
    yield from permissions.grant_defaults_in_team(
        team.project_id, team.id, user_id, is_creator=is_creator, now=now
    )
    return True


def member(team_id: str, user_id: str) -> Work[Member | None]:
    """Return a membership."""
    row = yield from first("team_member", team_id=team_id, user_id=user_id)
    if row is None:
        return None
    return Member(team_id=team_id, user_id=user_id)


def remove_member(team_id: str, user_id: str) -> Work[bool]:
    """Remove a member; false if it is none."""
    yield from run("unselect_team_of_member", team_id=team_id, user_id=user_id)
    row = yield from first("delete_team_member", team_id=team_id, user_id=user_id)
    return row is not None


def profiles(project_id: str, *, team_id: str = "", user_id: str = "") -> Work[list[Profile]]:
    """Return how members appear in a team, in all teams of a user, or of one user in one team."""
    rows = yield from every(
        "member_profiles", project_id=project_id, team_id=team_id, user_id=user_id
    )
    return [Profile(**{name: row[name] for name in Profile.__dataclass_fields__}) for row in rows]


def update_profile(team_id: str, user_id: str, changes: dict[str, str | None]) -> Work[bool]:
    """Change how a member appears; false if it is none."""
    row = yield from first(
        "update_member_profile",
        team_id=team_id,
        user_id=user_id,
        sets_name=int("display_name" in changes),
        display_name=changes.get("display_name"),
        sets_image=int("profile_image_url" in changes),
        profile_image_url=changes.get("profile_image_url"),
    )
    return row is not None


def of_user(project_id: str, user_id: str) -> Work[list[Team]]:
    """Return the teams a user belongs to, oldest first."""
    rows = yield from every("teams_of_user", project_id=project_id, user_id=user_id)
    return [Team.from_row(row) for row in rows]


def of_project(project_id: str, page: Page) -> Work[list[Team]]:
    """Return one page of a project's teams, and one more if there is another page."""
    after = (yield from by_id(project_id, page.cursor)) if page.cursor else None
    rows = yield from every(
        "teams_of_project",
        project_id=project_id,
        query=like(page.query),
        plain_query=page.query,
        direction=page.direction,
        after_id=after.id if after else "",
        after_created_at=after.created_at if after else 0,
        most=page.limit + 1,
    )
    return [Team.from_row(row) for row in rows]


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    for name in JSON_COLUMNS:
        values[name] = None if values[name] is None else json.dumps(values[name])
    return values
