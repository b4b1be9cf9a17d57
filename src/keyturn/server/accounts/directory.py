"""Use cases of the user directory: what a project's server, or a user itself, does to accounts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import rules, store
from keyturn.server.accounts.service import RESET_CODE, EmailTaken, refuse_unfit
from keyturn.server.accounts.upgrading import leave_no_way_in
from keyturn.server.contact_channels import store as channels
from keyturn.server.events import store as events
from keyturn.server.one_time import store as codes
from keyturn.server.passkeys import store as passkeys
from keyturn.server.sessions import store as sessions
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.accounts.passwords import Passwords
    from keyturn.server.accounts.rules import User
    from keyturn.server.accounts.store import UserSearch
    from keyturn.server.clock import Clock
    from keyturn.server.mfa.secrets import TotpSecrets
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work


class NotAMember(Exception):
    """A user can only select a team that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to change about a user.

    Attributes:
        columns: Columns of the account by name; metadata as JSON values.
        password: A new password, or ``None`` to take it away; absent means unchanged.
        signs_in_by_email: Whether the primary address signs in; ``None`` means unchanged.
        totp_secret: The secret of a second factor, or ``None`` to have none any more; absent means
            unchanged.
        removes_passkey: Whether the user's passkey is to be forgotten.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    has_password: bool = False
    signs_in_by_email: bool | None = None
    totp_secret: bytes | None = field(default=None, repr=False)
    has_totp_secret: bool = False
    removes_passkey: bool = False


class Directory:
    """Lists, creates, changes and deletes users."""

    def __init__(
        self, storage: Storage, passwords: Passwords, totp: TotpSecrets, clock: Clock
    ) -> None:
        self._storage, self._clock = storage, clock
        self._passwords, self._totp = passwords, totp

    async def list(self, project_id: str, wanted: UserSearch) -> list[User]:
        """Return one page of users, and one more if there is another page."""
        return await self._storage.read(store.of_project, project_id, wanted)

    async def create(self, project: Project, changes: Changes) -> User:
        """Create a user for an operator, whatever the project says about sign-up.

        Raises:
            EmailTaken, PasswordRefused: nothing was created.
            Overloaded: too many passwords are being hashed.
        """
        encoded = await self._encoded(project, changes)
        return await self._storage.write(
            self._create, project, changes, encoded, self._clock.now_ms()
        )

    async def update(
        self, project: Project, user_id: str, changes: Changes, *, keep_session: str = ""
    ) -> User | None:
        """Change a user; ``None`` if it is gone. A new password ends all sessions but one.

        Raises:
            EmailTaken, PasswordRefused, NotAMember: nothing was changed.
            Overloaded: too many passwords are being hashed.
        """
        encoded = await self._encoded(project, changes)
        return await self._storage.write(
            self._update, project, user_id, changes, encoded, keep_session, self._clock.now_ms()
        )

    async def delete(self, project_id: str, user_id: str) -> bool:
        """Delete a user with its sessions and memberships; false if it was gone."""
        return await self._storage.write(self._delete, project_id, user_id, self._clock.now_ms())

    async def _encoded(self, project: Project, changes: Changes) -> str | None:
        if changes.password is None:
            return None
        refuse_unfit(project, changes.password)
        return await self._passwords.hash(changes.password)

    def _create(
        self, project: Project, changes: Changes, encoded: str | None, now: int
    ) -> Work[User]:
        user = yield from store.insert(
            str(uuid.uuid4()),
            project.id,
            now=now,
            is_anonymous=bool(changes.columns.get("is_anonymous")),
        )
        assert user is not None  # noqa: S101 - it has no address yet that could be taken
        user = yield from self._changed(user, changes, encoded, now)
        yield from events.record("account.created", now=now, project_id=project.id, user_id=user.id)
        if project.config.create_team_on_sign_up and not user.is_anonymous:
            yield from teams.ensure_personal(project.id, user, now=now)
        return (yield from store.by_id(project.id, user.id)) or user

    def _update(
        self,
        project: Project,
        user_id: str,
        changes: Changes,
        encoded: str | None,
        keep_session: str,
        now: int,
    ) -> Work[User | None]:
        user = yield from store.by_id(project.id, user_id)
        if user is None:
            return None
        team_id = changes.columns.get("selected_team_id")
        if team_id is not None and (yield from teams.member(team_id, user.id)) is None:
            raise NotAMember
        upgrades = user.is_anonymous and changes.columns.get("is_anonymous") is False
        if upgrades:
            user = yield from leave_no_way_in(user, now=now)
        user = yield from self._changed(user, changes, encoded, now)
        if upgrades:
            user = yield from self._upgraded(project, user, now)
        elif changes.has_password:
            # Whoever knew the old password stays outside; so does an older mail that replaces it.
            yield from codes.revoke_of_user(RESET_CODE, user.id)
            yield from sessions.end_of_user(
                user.id, reason="password changed", now=now, but=keep_session
            )
            yield from events.record(
                "password.changed", now=now, project_id=project.id, user_id=user.id
            )
        return user

    def _upgraded(self, project: Project, user: User, now: int) -> Work[User]:
        yield from store.update(user, signed_up_at=now)
        yield from events.record(
            "account.upgraded", now=now, project_id=project.id, user_id=user.id
        )
        if project.config.create_team_on_sign_up:
            yield from teams.ensure_personal(project.id, user, now=now)
        return (yield from store.by_id(project.id, user.id)) or user

    def _changed(self, user: User, changes: Changes, encoded: str | None, now: int) -> Work[User]:
        columns = dict(changes.columns)
        if changes.has_password:
            columns["password_hash"] = encoded
        email = columns.get("primary_email", user.primary_email)
        if email != user.primary_email:
            proved = email is not None and (yield from channels.is_verified(user, email))
            columns.setdefault("primary_email_verified", proved)
        signs_in = changes.signs_in_by_email
        if signs_in is None:
            signs_in = user.sign_in_email is not None
        columns["sign_in_email"] = rules.folded_email(email) if email and signs_in else None
        updated = yield from store.update(user, **columns)
        if updated is None:
            raise EmailTaken
        if changes.has_totp_secret:
            updated = yield from self._totp.change(updated, changes.totp_secret, now=now)
        if changes.removes_passkey and (yield from passkeys.delete_of_user(user.id)):
            updated = (yield from store.update(updated, passkey_auth_enabled=False)) or updated
            yield from events.record(
                "passkey.removed", now=now, project_id=user.project_id, user_id=user.id
            )
        return updated

    def _delete(self, project_id: str, user_id: str, now: int) -> Work[bool]:
        deleted = yield from store.delete(project_id, user_id)
        if deleted:
            yield from events.record(
                "account.deleted", now=now, project_id=project_id, user_id=user_id
            )
        return deleted
