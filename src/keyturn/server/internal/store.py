"""What the administration of projects needs from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.internal.rules import key_sets
from keyturn.server.storage.base import Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.internal.rules import KeySet


def delete_project(project_id: str) -> Work[bool]:
    """Remove a project and all that belongs to it; false if a configuration file declares it."""
    return (yield from first("delete_project", id=project_id)) is not None


def add_set(
    set_id: str, project_id: str, *, description: str, expires_at: int, now: int
) -> Work[None]:
    """Begin a set of keys."""
    yield from run(
        "insert_key_set",
        id=set_id,
        project_id=project_id,
        description=description,
        expires_at=expires_at,
        now=now,
    )


def add_key(set_id: str, kind: str, *, key_hash: bytes, last_four: str) -> Work[None]:
    """Add a key to a set."""
    yield from run(
        "insert_set_key", set_id=set_id, kind=kind, key_hash=key_hash, last_four=last_four
    )


def sets(project_id: str, *, set_id: str = "") -> Work[list[KeySet]]:
    """Return a project's sets of keys, newest first, or the one with this id."""
    return key_sets((yield from every("key_sets", project_id=project_id, set_id=set_id)))


def change_set(
    set_id: str, project_id: str, *, description: str | None, revokes: bool, now: int
) -> Work[bool]:
    """Describe a set anew, or revoke it; false if the project has no such set."""
    row = yield from first(
        "update_key_set",
        id=set_id,
        project_id=project_id,
        sets_description=int(description is not None),
        description=description or "",
        revokes=int(revokes),
        now=now,
    )
    return row is not None
