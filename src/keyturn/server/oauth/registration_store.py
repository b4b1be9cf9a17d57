"""What registrations need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.projects.rules import Client
from keyturn.server.storage.base import every, first, run

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row, Work


def insert(client_id: str, project_id: str, token_hash: bytes, *, now: int) -> Work[None]:
    """Remember who may manage a client, and that no sign-in of it has finished yet."""
    yield from run(
        "insert_client_registration",
        client_id=client_id,
        project_id=project_id,
        token_hash=token_hash,
        now=now,
    )


def by_client(client_id: str) -> Work[tuple[Client, Row] | None]:
    """Find a registered client, and ``token_hash`` and ``registered_at`` of its registration."""
    row = yield from first("client_registration", client_id=client_id)
    return (Client.from_row(row), row) if row else None


def unused(project_id: str) -> Work[int]:
    """Count the clients of a project that have never finished a sign-in."""
    row = yield from first("count_unused_registrations", project_id=project_id)
    return row["unused"] if row else 0


def drop_oldest_unused(project_id: str, *, before: int) -> Work[bool]:
    """Delete the oldest client that never finished a sign-in; false if none is older."""
    row = yield from first("drop_oldest_unused_client", project_id=project_id, before=before)
    return row is not None


def note_use(client_id: str, *, now: int) -> Work[None]:
    """Remember that somebody has signed in with a client, so that it is not swept."""
    yield from run("note_registration_used", client_id=client_id, now=now)


def delete(client_id: str) -> Work[bool]:
    """Delete a registered client; false if somebody else just has."""
    return (yield from first("delete_registered_client", client_id=client_id)) is not None


def withdraw_consents(client_id: str) -> Work[None]:
    """Forget what people approved for a client: from now on they are asked again."""
    yield from run("withdraw_consents_of_client", client_id=client_id)


def live_sessions(client_id: str) -> Work[list[str]]:
    """Return the ids of a client's sessions that have not ended."""
    return [row["id"] for row in (yield from every("open_sessions_of_client", client_id=client_id))]
