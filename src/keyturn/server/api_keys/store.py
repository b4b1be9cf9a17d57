"""What API keys need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.api_keys.rules import ApiKey, Owner
from keyturn.server.storage.base import Work, every, first

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row


def insert(
    key_id: str,
    project_id: str,
    *,
    owner: Owner,
    key_hash: bytes,
    last_four: str,
    description: str,
    is_public: bool,
    expires_at: int | None,
    now: int,
) -> Work[ApiKey]:
    """Keep a new key, as its hash."""
    row = yield from first(
        "insert_api_key",
        id=key_id,
        project_id=project_id,
        user_id=owner.id if owner.kind == "user" else None,
        team_id=owner.id if owner.kind == "team" else None,
        key_hash=key_hash,
        last_four=last_four,
        description=description,
        is_public=int(is_public),
        expires_at=expires_at,
        now=now,
    )
    assert row is not None  # noqa: S101 - RETURNING of an unconditional insert
    return ApiKey.from_row(row)


def by_id(project_id: str, key_id: str) -> Work[ApiKey | None]:
    """Find a key of a project."""
    return _read((yield from first("api_key", id=key_id, project_id=project_id)))


def by_hash(project_id: str, key_hash: bytes) -> Work[ApiKey | None]:
    """Find a key of a project by the hash of its text."""
    return _read((yield from first("api_key_by_hash", key_hash=key_hash, project_id=project_id)))


def of_owner(project_id: str, owner: Owner) -> Work[list[ApiKey]]:
    """Return the keys of a user or team, newest first, also those that open nothing any more."""
    statement = "api_keys_of_user" if owner.kind == "user" else "api_keys_of_team"
    rows = yield from every(statement, owner_id=owner.id, project_id=project_id)
    return [ApiKey.from_row(row) for row in rows]


def describe(key: ApiKey, description: str) -> Work[ApiKey | None]:
    """Change what a key is for; ``None`` if it is gone."""
    row = yield from first(
        "describe_api_key", id=key.id, project_id=key.project_id, description=description
    )
    return _read(row)


def revoke(key: ApiKey, *, now: int) -> Work[ApiKey | None]:
    """End a key; ``None`` if it has been revoked before or is gone."""
    return _read(
        (yield from first("revoke_api_key", id=key.id, project_id=key.project_id, now=now))
    )


def _read(row: Row | None) -> ApiKey | None:
    return ApiKey.from_row(row) if row else None
