"""What notification preferences need from storage."""

from __future__ import annotations

from keyturn.server.storage.base import Work, every, first


def chosen(user_id: str) -> Work[dict[str, bool]]:
    """Return what a user has turned on or off, by category id."""
    rows = yield from every("notification_preferences", user_id=user_id)
    return {row["category_id"]: bool(row["enabled"]) for row in rows}


def choose(project_id: str, user_id: str, category_id: str, *, enabled: bool) -> Work[bool]:
    """Note a user's choice; false if the project has no such user."""
    row = yield from first(
        "save_notification_preference",
        project_id=project_id,
        user_id=user_id,
        category_id=category_id,
        enabled=int(enabled),
    )
    return row is not None
