"""Use cases of accounts at providers: list, add, change and remove them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.oauth_providers import rules, store
from keyturn.server.oauth_providers.rules import ProviderAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.clock import Clock
    from keyturn.server.oauth_providers.rules import Conflict
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work


class NoSuchUser(Exception):
    """The project has no such user."""


@dataclass(eq=False)
class Conflicting(Exception):
    """Another account stands in the way."""

    why: Conflict


class ProviderAccounts:
    """The accounts at providers, of every project."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def of_user(self, project_id: str, user_id: str) -> list[ProviderAccount]:
        """Return a user's accounts, oldest first. Raises NoSuchUser."""
        return await self._storage.read(self._of_user, project_id, user_id)

    async def of_project(self, project_id: str) -> list[ProviderAccount]:
        """Return everybody's accounts, oldest first."""
        return await self._storage.read(store.of_user, project_id, "")

    async def signing_in(self, project: Project, user_id: str) -> list[ProviderAccount]:
        """Return the accounts that a user signs in with, oldest first."""
        if not project.config.oauth_providers:
            return []  # most projects: nothing to read for every user that is shown
        found = await self._storage.read(store.of_user, project.id, user_id)
        return [one for one in found if one.allow_sign_in]

    async def find(self, project_id: str, user_id: str, account: str) -> ProviderAccount | None:
        """Return one account of a user. Raises NoSuchUser."""
        return await self._storage.read(self._find, project_id, user_id, account)

    async def create(
        self, project_id: str, user_id: str, members: Mapping[str, Any]
    ) -> ProviderAccount:
        """Add an account.

        Raises:
            NoSuchUser, Conflicting: nothing was added.
        """
        now = self._clock.now_ms()
        wanted = ProviderAccount(
            id=str(uuid.uuid4()), project_id=project_id, user_id=user_id, created_at=now, **members
        )
        return await self._storage.write(self._create, wanted)

    async def update(
        self, found: ProviderAccount, changes: Mapping[str, Any]
    ) -> ProviderAccount | None:
        """Change an account; ``None`` if it is gone.

        Raises:
            Conflicting: nothing was changed.
        """
        return await self._storage.write(self._update, found, dict(changes))

    async def delete(self, found: ProviderAccount) -> bool:
        """Remove an account with its tokens; false if it was gone."""
        return await self._storage.write(self._delete, found, self._clock.now_ms())

    def _of_user(self, project_id: str, user_id: str) -> Work[list[ProviderAccount]]:
        yield from _require(project_id, user_id)
        return (yield from store.of_user(project_id, user_id))

    def _find(self, project_id: str, user_id: str, account: str) -> Work[ProviderAccount | None]:
        yield from _require(project_id, user_id)
        return (yield from store.by_id(project_id, user_id, account))

    def _create(self, wanted: ProviderAccount) -> Work[ProviderAccount]:
        yield from _require(wanted.project_id, wanted.user_id)
        yield from refuse_conflict(wanted)
        return (yield from added(wanted))

    def _update(
        self, found: ProviderAccount, changes: dict[str, Any]
    ) -> Work[ProviderAccount | None]:
        current = yield from store.by_id(found.project_id, found.user_id, found.id)
        if current is None:
            return None
        wanted = replace(current, **changes)
        yield from refuse_conflict(wanted)
        if wanted.account_id != current.account_id:
            # The tokens are another person's now.
            yield from store.forget_tokens(current.id)
        return (yield from store.update(wanted))

    def _delete(self, found: ProviderAccount, now: int) -> Work[bool]:
        deleted = yield from store.delete(found.project_id, found.user_id, found.id)
        if deleted:
            yield from _record("provider_account.removed", found, now)
        return deleted


def added(wanted: ProviderAccount) -> Work[ProviderAccount]:
    """Keep a new account, and say so in the log, inside another transaction."""
    account = yield from store.insert(wanted)
    yield from _record("provider_account.added", account, account.created_at)
    return account


def refuse_conflict(wanted: ProviderAccount) -> Work[None]:
    """Raise Conflicting if an account may not be as wanted."""
    of_user = yield from store.of_user(wanted.project_id, wanted.user_id)
    holder = yield from store.signing_in(wanted.project_id, wanted.provider_id, wanted.account_id)
    why = rules.conflict(wanted, of_user, holder)
    if why is not None:
        raise Conflicting(why)


def _require(project_id: str, user_id: str) -> Work[None]:
    if (yield from accounts.by_id(project_id, user_id)) is None:
        raise NoSuchUser


def _record(event: str, account: ProviderAccount, now: int) -> Work[None]:
    yield from events.record(
        event,
        now=now,
        project_id=account.project_id,
        user_id=account.user_id,
        provider=account.provider_id,
    )
