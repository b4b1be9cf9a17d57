"""What codes that work once need from storage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyturn.server.one_time.rules import OneTimeCode
from keyturn.server.storage.base import Work, every, first, run

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Codes of one kind in one project: none of another kind or project is ever found."""

    name: str
    project_id: str


def insert(
    kind: Kind,
    code_hash: bytes,
    *,
    code_id: str,
    now: int,
    expires_at: int,
    user_id: str | None = None,
    about: str | None = None,
    handle_hash: bytes | None = None,
    facts: Mapping[str, Any],
) -> Work[None]:
    """Remember a code that is about to be handed out."""
    yield from run(
        "insert_one_time_code",
        id=code_id,
        code_hash=code_hash,
        project_id=kind.project_id,
        kind=kind.name,
        user_id=user_id,
        about=about,
        handle_hash=handle_hash,
        facts=json.dumps(facts),
        now=now,
        expires_at=expires_at,
    )


def find(kind: Kind, code_hash: bytes) -> Work[OneTimeCode | None]:
    """Return a code, live or not."""
    row = yield from first("one_time_code", code_hash=code_hash, **_of(kind))
    return OneTimeCode.from_row(row) if row else None


def use(kind: Kind, code_hash: bytes, *, now: int) -> Work[OneTimeCode | None]:
    """Use a code up; ``None`` for everybody but the first."""
    row = yield from first("use_one_time_code", code_hash=code_hash, now=now, **_of(kind))
    return OneTimeCode.from_row(row) if row else None


def count_guess(kind: Kind, handle_hash: bytes) -> Work[OneTimeCode | None]:
    """Count one guess at the short part of a code and return the code with that count."""
    row = yield from first("count_guess_at_one_time_code", handle_hash=handle_hash, **_of(kind))
    return OneTimeCode.from_row(row) if row else None


def live_about(kind: Kind, about: str, *, now: int) -> Work[list[OneTimeCode]]:
    """Return what would still work about something, oldest first."""
    rows = yield from every("live_one_time_codes", about=about, now=now, **_of(kind))
    return [OneTimeCode.from_row(row) for row in rows]


def live_by_id(kind: Kind, code_id: str, *, now: int) -> Work[OneTimeCode | None]:
    """Return one that would still work, by its id, which opens nothing."""
    row = yield from first("live_one_time_code_by_id", id=code_id, now=now, **_of(kind))
    return OneTimeCode.from_row(row) if row else None


def revoke(kind: Kind, code_id: str) -> Work[bool]:
    """Take a code back that nobody used; false if there is none."""
    row = yield from first("revoke_one_time_code", id=code_id, **_of(kind))
    return row is not None


def revoke_of_user(kind_name: str, user_id: str) -> Work[None]:
    """Take back all unused codes of a kind that a user holds."""
    yield from run("revoke_one_time_codes_of_user", kind=kind_name, user_id=user_id)


def _of(kind: Kind) -> dict[str, Any]:
    return {"kind": kind.name, "project_id": kind.project_id}
