"""What user accounts need from storage."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from keyturn.server.accounts.rules import FLAG_COLUMNS, JSON_COLUMNS, User, folded_email
from keyturn.server.contact_channels import store as channels
from keyturn.server.contact_channels.rules import primary_of
from keyturn.server.permissions import store as permissions
from keyturn.server.storage.base import Work, every, first, run
from keyturn.server.storage.paging import Page, like

_COLUMNS = frozenset(
    {
        "display_name", "primary_email", "primary_email_verified", "sign_in_email",
        "password_hash", "is_anonymous", "profile_image_url", "client_metadata",
        "client_read_only_metadata", "server_metadata", "selected_team_id", "restricted_reason",
        "restricted_private_details", "restricted_by_admin", "otp_auth_enabled",
        "requires_totp_mfa", "country_code", "risk_scores", "signed_up_at", "last_active_at",
        "disabled_at", "primary_channel_id", "passkey_auth_enabled",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSearch:
    """Which users of a project are wanted, in which order."""

    page: Page
    order_by: Literal["signed_up_at", "last_active_at"] = "signed_up_at"
    anonymous: Literal["all", "only", "none"] = "none"
    restricted: bool = False
    team_id: str = ""


def by_id(project_id: str, user_id: str) -> Work[User | None]:
    """Find a user of a project."""
    row = yield from first("user", id=user_id, project_id=project_id)
    return User.from_row(row) if row else None


def by_sign_in_email(project_id: str, email: str) -> Work[User | None]:
    """Find whoever signs in with an address, the primary one or another."""
    row = yield from first(
        "user_by_sign_in_email", project_id=project_id, email=folded_email(email)
    )
    return User.from_row(row) if row else None


def insert(
    user_id: str,
    project_id: str,
    *,
    now: int,
    email: str | None = None,
    password_hash: str | None = None,
    display_name: str | None = None,
    is_anonymous: bool = False,
    email_verified: bool = False,
) -> Work[User | None]:
    """Create a user; ``None`` if somebody already signs in with the address."""
    if email and (yield from by_sign_in_email(project_id, email)) is not None:
        return None
    row = yield from first(
        "insert_user",
        id=user_id,
        project_id=project_id,
        display_name=display_name,
        primary_email=email.strip() if email else None,
        primary_email_verified=int(email_verified),
        sign_in_email=folded_email(email) if email else None,
        password_hash=password_hash,
        is_anonymous=int(is_anonymous),
        now=now,
    )
    if row is None:
        return None
    yield from permissions.grant_defaults_of_user(project_id, user_id, now=now)
    return User.from_row(row)


def insert_of_host(project_id: str, user_id: str, *, now: int) -> Work[bool]:
    """Make a row for a user of the app around us; false if the id has one already."""
    row = yield from first("insert_host_user", id=user_id, project_id=project_id, now=now)
    return row is not None


def update(user: User, **changes: Any) -> Work[User | None]:
    """Change columns of a user; ``None`` if it is gone or its new address is taken.

    Metadata are given as JSON values. The statement names every column, so that one text serves
    all changes; the unchanged ones are written back within the same transaction.
    """
    unknown = changes.keys() - _COLUMNS
    if unknown:
        raise TypeError(f"no such column: {unknown}")
    values = {name: changes.get(name, getattr(user, name)) for name in _COLUMNS}
    for name in JSON_COLUMNS:
        values[name] = None if values[name] is None else json.dumps(values[name])
    for name in FLAG_COLUMNS:
        values[name] = int(values[name])
    if values["sign_in_email"] and values["sign_in_email"] != user.sign_in_email:
        holder = yield from by_sign_in_email(user.project_id, values["sign_in_email"])
        if holder is not None and holder.id != user.id:
            return None
    if values["primary_email"] != user.primary_email:
        values["primary_channel_id"] = yield from _new_primary_id(user, **values)
    row = yield from first("update_user", id=user.id, project_id=user.project_id, **values)
    return User.from_row(row) if row else None


def _new_primary_id(
    user: User, *, primary_email: str | None, primary_channel_id: str | None, **_: Any
) -> Work[str | None]:
    """Return the id of a primary address that is about to change.

    One that the user has beside the old one changes places with that; any other replaces it.
    """
    if primary_email is None:
        # Whatever comes next is another address, not this one again.
        return str(uuid.uuid4())
    folded = folded_email(primary_email)
    for channel in (yield from channels.beside_primary(user)):
        if channel.folded == folded:
            yield from channels.delete(channel)
            old = primary_of(user)
            if old is not None:
                yield from channels.insert(user.project_id, old)
            return channel.id
    return primary_channel_id


def set_password_hash(user_id: str, password_hash: str, *, replacing: str | None) -> Work[bool]:
    """Change the hash if it is still the one that was read; say whether it was."""
    row = yield from first(
        "set_password_hash", id=user_id, password_hash=password_hash, replacing=replacing
    )
    return row is not None


def touch(user_id: str, *, now: int) -> Work[None]:
    """Note that a user was active."""
    yield from run("touch_user", id=user_id, now=now)


def delete(project_id: str, user_id: str) -> Work[bool]:
    """Remove a user and everything that hangs on it; say whether there was one."""
    row = yield from first("delete_user", id=user_id, project_id=project_id)
    return row is not None


def of_project(project_id: str, wanted: UserSearch) -> Work[list[User]]:
    """Return one page of a project's users, and one more if there is another page."""
    page = wanted.page
    after = (yield from by_id(project_id, page.cursor)) if page.cursor else None
    value = getattr(after, wanted.order_by) if after else 0
    rows = yield from every(
        "users_of_project",
        project_id=project_id,
        anonymous=wanted.anonymous,
        restricted=int(wanted.restricted),
        team_id=wanted.team_id,
        query=like(page.query),
        plain_query=page.query,
        order_by=wanted.order_by,
        direction=page.direction,
        after_id=after.id if after else "",
        after_value=value,
        most=page.limit + 1,
    )
    return [User.from_row(row) for row in rows]
