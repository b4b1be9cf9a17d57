"""What CLI sign-in needs from storage."""

from __future__ import annotations

from keyturn.server.cli_login.rules import Attempt, Decision
from keyturn.server.storage.base import Work, first, run


def insert(
    attempt_id: str,
    *,
    project_id: str,
    polling_code_hash: bytes,
    login_code_hash: bytes,
    public_key: bytes,
    private_key_sealed: bytes,
    ip: str | None,
    user_agent: str | None,
    now: int,
    expires_at: int,
    anonymous_user_id: str | None = None,
    anonymous_session_id: str | None = None,
    anonymous_token_sealed: bytes | None = None,
) -> Work[None]:
    """Create an attempt."""
    yield from run(
        "insert_cli_login_attempt",
        id=attempt_id,
        project_id=project_id,
        polling_code_hash=polling_code_hash,
        login_code_hash=login_code_hash,
        anonymous_user_id=anonymous_user_id,
        anonymous_session_id=anonymous_session_id,
        anonymous_token_sealed=anonymous_token_sealed,
        public_key=public_key,
        private_key_sealed=private_key_sealed,
        ip=ip,
        user_agent=user_agent,
        now=now,
        expires_at=expires_at,
    )


def by_polling_code(code_hash: bytes) -> Work[Attempt | None]:
    """Find an attempt, ended ones too."""
    row = yield from first("cli_login_attempt_by_polling_code", polling_code_hash=code_hash)
    return Attempt.from_row(row) if row else None


def by_login_code(code_hash: bytes) -> Work[Attempt | None]:
    """Find an attempt, ended ones too."""
    row = yield from first("cli_login_attempt_by_login_code", login_code_hash=code_hash)
    return Attempt.from_row(row) if row else None


def decide(
    attempt_id: str,
    decision: Decision,
    *,
    now: int,
    decided_by: str | None,
    refresh_token_sealed: bytes | None,
) -> Work[bool]:
    """Decide an open attempt; false if it is open no more."""
    row = yield from first(
        "decide_cli_login_attempt",
        id=attempt_id,
        decision=decision,
        now=now,
        decided_by=decided_by,
        refresh_token_sealed=refresh_token_sealed,
    )
    return row is not None


def claim(attempt_id: str, *, now: int) -> Work[bool]:
    """Take the anonymous session off an open attempt; false if somebody else did."""
    row = yield from first("claim_anonymous_session_of_attempt", id=attempt_id, now=now)
    return row is not None


def redeem(attempt_id: str, *, now: int) -> Work[bool]:
    """Use an approved attempt up; false if somebody else did, or it is too late."""
    row = yield from first("redeem_cli_login_attempt", id=attempt_id, now=now, nothing=b"")
    return row is not None
