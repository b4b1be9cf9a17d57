"""What projects, keys and clients need from storage."""

from __future__ import annotations

import json

from keyturn.server.projects.rules import Client, Project, ProjectConfig
from keyturn.server.storage.base import Row, Work, every, first, run


def project(project_id: str) -> Work[Project | None]:
    """Find a project."""
    row = yield from first("project", id=project_id)
    return Project.from_row(row) if row else None


def projects() -> Work[list[Project]]:
    """Return all projects, oldest first."""
    return [Project.from_row(row) for row in (yield from every("projects"))]


def save_project(
    project_id: str, display_name: str, config: ProjectConfig, *, declared: bool, now: int
) -> Work[None]:
    """Create a project, or bring it up to date."""
    yield from run(
        "save_project",
        id=project_id,
        display_name=display_name,
        config=config.as_json(),
        declared=int(declared),
        now=now,
    )


def rename_default_permission(
    project_id: str, permission_id: str, new_id: str | None
) -> Work[None]:
    """Let what is granted by default follow a permission's id; ``None`` takes it out."""
    found = yield from project(project_id)
    if found is None:
        return
    config = found.config.with_permission_renamed(permission_id, new_id)
    if config != found.config:
        yield from run("set_project_config", id=project_id, config=config.as_json())


def client(client_id: str) -> Work[Client | None]:
    """Find an OAuth client."""
    row = yield from first("oauth_client", id=client_id)
    return Client.from_row(row) if row else None


def save_client(found: Client, *, now: int) -> Work[None]:
    """Create a client, or bring it up to date."""
    yield from run(
        "save_oauth_client",
        id=found.id,
        project_id=found.project_id,
        display_name=found.display_name,
        redirect_uris=json.dumps(found.redirect_uris),
        grants=json.dumps(found.grants),
        scopes=json.dumps(found.scopes),
        auth_method=found.auth_method,
        secret_hash=found.secret_hash,
        vetted=int(found.vetted),
        details=json.dumps(found.details),
        now=now,
    )


def key(key_hash: bytes, *, now: int) -> Work[Row | None]:
    """Find a live project key by its hash: ``project_id`` and ``kind``."""
    return (yield from first("project_key", key_hash=key_hash, now=now))


def revoke_key_sets(project_id: str, *, now: int) -> Work[None]:
    """End every key that an administrator gave out."""
    yield from run("revoke_key_sets", project_id=project_id, now=now)


def add_key(key_id: str, project_id: str, kind: str, key_hash: bytes, *, now: int) -> Work[None]:
    """Add a key; adding a known one again changes nothing."""
    yield from run(
        "insert_project_key",
        id=key_id,
        project_id=project_id,
        kind=kind,
        key_hash=key_hash,
        now=now,
    )


def end_keys(project_id: str, kind: str, *, but: bytes, now: int) -> Work[None]:
    """End every key of a kind except the one whose hash is ``but``."""
    yield from run("end_project_keys", project_id=project_id, kind=kind, but=but, now=now)
