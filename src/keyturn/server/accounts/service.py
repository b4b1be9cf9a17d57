"""Use cases of accounts: sign up, check a password, upgrade a guest, change a password."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import rules, store
from keyturn.server.accounts.upgrading import leave_no_way_in
from keyturn.server.events import store as events
from keyturn.server.one_time import store as codes
from keyturn.server.sessions import store as sessions
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.accounts.passwords import Passwords
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work

# The kind of the mailed codes that replace a password. Whoever changes theirs ends those.
RESET_CODE = "password reset"


class SignUpDisabled(Exception):
    """The project takes no new accounts."""


class EmailTaken(Exception):
    """Somebody already signs in with that address."""


@dataclass(eq=False)
class PasswordRefused(Exception):
    """The password is too short or too long for the project."""

    too_short: bool
    limit: int


class Accounts:
    """Creates users and recognises them."""

    def __init__(self, storage: Storage, passwords: Passwords, clock: Clock) -> None:
        self._storage, self._passwords, self._clock = storage, passwords, clock

    async def find(self, project_id: str, user_id: str) -> User | None:
        """Return a user of a project."""
        return await self._storage.read(store.by_id, project_id, user_id)

    async def by_email(self, project_id: str, email: str) -> User | None:
        """Return whoever signs in with an address."""
        return await self._storage.read(store.by_sign_in_email, project_id, email)

    async def sign_up_anonymously(self, project: Project) -> User:
        """Create a guest; allowed even where sign-up is disabled."""
        user = await self._storage.write(
            store.insert, str(uuid.uuid4()), project.id, now=self._clock.now_ms(), is_anonymous=True
        )
        assert user is not None  # noqa: S101 - a guest has no address that could be taken
        return user

    async def sign_up(self, project: Project, *, email: str, password: str) -> User:
        """Create an account that signs in with a password.

        Raises:
            SignUpDisabled, PasswordRefused, EmailTaken: nothing was created.
            Overloaded: too many passwords are being hashed.
        """
        encoded = await self._accepted_hash(project, password)
        return await self._storage.write(
            self.sign_up_work, project, email, encoded, self._clock.now_ms()
        )

    async def upgrade(self, project: Project, guest: User, *, email: str, password: str) -> User:
        """Turn a guest into an account: same id, and every older token of it ends.

        Raises:
            SignUpDisabled, PasswordRefused, EmailTaken: the guest is untouched.
        """
        encoded = await self._accepted_hash(project, password)
        return await self._storage.write(
            self.upgrade_work, project, guest.id, email, encoded, self._clock.now_ms()
        )

    async def check_password(self, project_id: str, email: str, password: str) -> User | None:
        """Return the account if the password is its own; as slow for unknown addresses.

        Raises:
            Overloaded: too many passwords are being hashed.
        """
        user = await self.by_email(project_id, email)
        encoded = user.password_hash if user else None
        if not await self._passwords.matches(password, encoded) or user is None or encoded is None:
            return None
        if user.disabled_at is not None:
            return None
        if self._passwords.needs_upgrade(encoded):
            fresh = await self._passwords.hash(password)
            await self._storage.write(store.set_password_hash, user.id, fresh, replacing=encoded)
        return user

    async def change_password(
        self, project: Project, user: User, *, current: str | None, new: str, keep_session: str
    ) -> bool:
        """Set a new password and end every other session; false if ``current`` is not it.

        Raises:
            PasswordRefused: the new one is too short or too long.
        """
        if user.password_hash is not None:
            matches = await self._passwords.matches(current or "", user.password_hash)
            if not matches:
                return False
        refuse_unfit(project, new)
        encoded = await self._passwords.hash(new)
        return await self._storage.write(
            self._change_password, user, encoded, keep_session, self._clock.now_ms()
        )

    def sign_up_work(
        self, project: Project, email: str | None, encoded: str | None, now: int
    ) -> Work[User]:
        """Create an account inside another transaction. Raises EmailTaken."""
        user = yield from store.insert(
            str(uuid.uuid4()), project.id, now=now, email=email, password_hash=encoded
        )
        if user is None:
            raise EmailTaken
        yield from events.record("account.created", now=now, project_id=project.id, user_id=user.id)
        return (yield from self._with_personal_team(project, user, now))

    def upgrade_work(
        self, project: Project, guest_id: str, email: str | None, encoded: str | None, now: int
    ) -> Work[User]:
        """Turn a guest into an account inside another transaction. Raises EmailTaken."""
        guest = yield from store.by_id(project.id, guest_id)
        if guest is None or not guest.is_anonymous:
            raise EmailTaken
        guest = yield from leave_no_way_in(guest, now=now)
        user = yield from store.update(
            guest,
            **_address(email),
            password_hash=encoded,
            is_anonymous=False,
            signed_up_at=now,
        )
        if user is None:
            raise EmailTaken
        yield from events.record(
            "account.upgraded", now=now, project_id=project.id, user_id=user.id
        )
        return (yield from self._with_personal_team(project, user, now))

    def _with_personal_team(self, project: Project, user: User, now: int) -> Work[User]:
        if not project.config.create_team_on_sign_up:
            return user
        yield from teams.ensure_personal(project.id, user, now=now)
        return (yield from store.by_id(project.id, user.id)) or user

    def _change_password(self, user: User, encoded: str, keep_session: str, now: int) -> Work[bool]:
        changed = yield from store.set_password_hash(user.id, encoded, replacing=user.password_hash)
        if changed:
            yield from codes.revoke_of_user(RESET_CODE, user.id)
            yield from sessions.end_of_user(
                user.id, reason="password changed", now=now, but=keep_session
            )
            yield from events.record(
                "password.changed", now=now, project_id=user.project_id, user_id=user.id
            )
        return changed

    async def _accepted_hash(self, project: Project, password: str) -> str:
        if not project.config.sign_up_enabled:
            raise SignUpDisabled
        refuse_unfit(project, password)
        return await self._passwords.hash(password)


def _address(email: str | None) -> dict[str, Any]:
    if email is None:
        return {}
    return {
        "primary_email": email.strip(),
        "primary_email_verified": False,
        "sign_in_email": rules.folded_email(email),
    }


def refuse_unfit(project: Project, password: str) -> None:
    """Raise PasswordRefused if a project does not take a password of this length."""
    if rules.is_too_short(password):
        raise PasswordRefused(too_short=True, limit=rules.SHORTEST_PASSWORD)
    longest = project.config.longest_password
    if rules.is_too_long(password, longest=longest):
        raise PasswordRefused(too_short=False, limit=longest)
