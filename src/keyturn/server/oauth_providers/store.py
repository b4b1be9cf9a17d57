"""What accounts at providers and their tokens need from storage."""

from __future__ import annotations

import uuid

from keyturn.server.oauth_providers.rules import MOST_TOKENS, ProviderAccount, ProviderToken
from keyturn.server.storage.base import Work, every, first, run


def insert(wanted: ProviderAccount) -> Work[ProviderAccount]:
    """Keep a new account."""
    row = yield from first(
        "insert_provider_account",
        id=wanted.id,
        project_id=wanted.project_id,
        user_id=wanted.user_id,
        provider_id=wanted.provider_id,
        account_id=wanted.account_id,
        email=wanted.email,
        allow_sign_in=int(wanted.allow_sign_in),
        allow_connected_accounts=int(wanted.allow_connected_accounts),
        now=wanted.created_at,
    )
    assert row is not None  # noqa: S101 - RETURNING of an unconditional insert
    return ProviderAccount.from_row(row)


def by_id(project_id: str, user_id: str, account: str) -> Work[ProviderAccount | None]:
    """Find an account of a user by our id of it."""
    row = yield from first("provider_account", id=account, user_id=user_id, project_id=project_id)
    return ProviderAccount.from_row(row) if row else None


def of_user(project_id: str, user_id: str) -> Work[list[ProviderAccount]]:
    """Return a user's accounts, oldest first; of everybody where the user is empty."""
    rows = yield from every("provider_accounts", project_id=project_id, user_id=user_id)
    return [ProviderAccount.from_row(row) for row in rows]


def signing_in(project_id: str, provider_id: str, account_id: str) -> Work[ProviderAccount | None]:
    """Find whoever signs in with an account of a provider."""
    row = yield from first(
        "provider_account_signing_in",
        project_id=project_id,
        provider_id=provider_id,
        account_id=account_id,
    )
    return ProviderAccount.from_row(row) if row else None


def update(changed: ProviderAccount) -> Work[ProviderAccount | None]:
    """Bring an account up to date; ``None`` if it is gone."""
    row = yield from first(
        "update_provider_account",
        id=changed.id,
        project_id=changed.project_id,
        account_id=changed.account_id,
        email=changed.email,
        allow_sign_in=int(changed.allow_sign_in),
        allow_connected_accounts=int(changed.allow_connected_accounts),
    )
    return ProviderAccount.from_row(row) if row else None


def delete(project_id: str, user_id: str, account: str) -> Work[bool]:
    """Remove an account with its tokens; false if it was gone."""
    row = yield from first(
        "delete_provider_account", id=account, user_id=user_id, project_id=project_id
    )
    return row is not None


def save_token(
    account: str,
    *,
    scope: str,
    access_token_sealed: bytes,
    access_expires_at: int | None,
    refresh_token_sealed: bytes | None,
    now: int,
) -> Work[None]:
    """Keep what a provider gave, in place of what it gave before for the same scopes."""
    yield from run(
        "save_provider_token",
        id=str(uuid.uuid4()),
        account=account,
        scope=scope,
        access_token_sealed=access_token_sealed,
        access_expires_at=access_expires_at,
        refresh_token_sealed=refresh_token_sealed,
        now=now,
    )
    yield from run("delete_old_provider_tokens", account=account, most=MOST_TOKENS)


def tokens(account: str) -> Work[list[ProviderToken]]:
    """Return what a provider gave for an account, newest first."""
    rows = yield from every("provider_tokens", account=account)
    return [ProviderToken.from_row(row) for row in rows]


def forget_tokens(account: str) -> Work[None]:
    """Forget what a provider gave for an account."""
    yield from run("delete_provider_tokens", account=account)


def claim(token: ProviderToken, *, until: int, now: int) -> Work[bool]:
    """Take the one turn to renew a token; false if it is somebody else's, or over."""
    row = yield from first(
        "claim_provider_token", id=token.id, version=token.version, until=until, now=now
    )
    return row is not None


def renew(
    token: ProviderToken,
    *,
    access_token_sealed: bytes,
    access_expires_at: int | None,
    refresh_token_sealed: bytes | None,
    now: int,
) -> Work[bool]:
    """Keep renewed tokens; false if others were kept in the meantime."""
    row = yield from first(
        "renew_provider_token",
        id=token.id,
        version=token.version,
        access_token_sealed=access_token_sealed,
        access_expires_at=access_expires_at,
        refresh_token_sealed=refresh_token_sealed,
        now=now,
    )
    return row is not None


def release(token: ProviderToken) -> Work[None]:
    """Give the turn back: nothing came of it."""
    yield from run("release_provider_token", id=token.id, version=token.version)


def end_refresh(token: ProviderToken) -> Work[None]:
    """Forget a refresh token that the provider no longer takes."""
    yield from run("end_provider_refresh", id=token.id, version=token.version)
