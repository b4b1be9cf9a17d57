"""What mailed links need from storage."""

from __future__ import annotations

from keyturn.server.storage.base import Row, Work, first, run


def insert_link(
    token_hash: bytes,
    *,
    project_id: str,
    purpose: str,
    email: str,
    user_id: str,
    browser_hash: bytes,
    continue_path: str | None,
    now: int,
    expires_at: int,
) -> Work[None]:
    """Remember a link that is about to be mailed."""
    yield from run(
        "insert_mail_link",
        token_hash=token_hash,
        project_id=project_id,
        purpose=purpose,
        email=email,
        user_id=user_id,
        browser_hash=browser_hash,
        continue_path=continue_path,
        now=now,
        expires_at=expires_at,
    )


def live_link(token_hash: bytes, *, now: int) -> Work[Row | None]:
    """Find a link that has been neither used nor outlived."""
    return (yield from first("live_mail_link", token_hash=token_hash, now=now))


def use_link(token_hash: bytes, *, now: int) -> Work[Row | None]:
    """Use a link up; ``None`` for everybody but the first."""
    return (yield from first("use_mail_link", token_hash=token_hash, now=now))
