"""Use cases of API keys: make one, list, describe, revoke, and say whose one is."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.api_keys import rules, store
from keyturn.server.events import store as events
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.api_keys.rules import ApiKey, Kind, Owner, Standing
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage, Work


class NoSuchOwner(Exception):
    """The project has no such user or team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made, in the clear for the one time it is shown."""

    key: ApiKey
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new key is to be. ``expires_at`` in milliseconds since 1970; ``None``: never."""

    description: str
    is_public: bool
    expires_at: int | None


class ApiKeys:
    """The API keys of every project."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    async def create(self, project_id: str, owner: Owner, wanted: Wanted) -> NewKey:
        """Make a key. Its text cannot be had again.

        Raises:
            NoSuchOwner: nothing was made.
        """
        key_id = str(uuid.uuid4())
        secret = secrets.token_bytes(rules.SECRET_BYTES)
        value = rules.key_text(key_id, owner.kind, secret, is_public=wanted.is_public)
        key = await self._storage.write(
            self._create, key_id, project_id, owner, wanted, value, self._clock.now_ms()
        )
        return NewKey(key=key, value=value)

    async def of_owner(self, project_id: str, owner: Owner) -> list[ApiKey]:
        """Return the keys of a user or team, newest first. Raises NoSuchOwner."""
        return await self._storage.read(self._of_owner, project_id, owner)

    async def find(self, project_id: str, kind: Kind, key_id: str) -> ApiKey | None:
        """Return a key of one kind."""
        key = await self._storage.read(store.by_id, project_id, key_id)
        return key if key is not None and key.owner.kind == kind else None

    async def update(
        self, key: ApiKey, *, description: str | None = None, revoke: bool = False
    ) -> ApiKey | None:
        """Change or end a key; ``None`` if it is gone. One that was revoked stays so."""
        return await self._storage.write(
            self._update, key, description, revoke, self._clock.now_ms()
        )

    async def check(
        self, project_id: str, text: str, *, wanted: Kind
    ) -> tuple[ApiKey, Standing] | None:
        """Say whose key a text is and what it is worth; ``None`` if it is no key of the project.

        A disabled account's keys count as revoked.
        """
        key_hash = self._secret.hash("api key", text)
        now = self._clock.now_ms()
        return await self._storage.read(self._check, project_id, key_hash, wanted, now)

    def _create(
        self,
        key_id: str,
        project_id: str,
        owner: Owner,
        wanted: Wanted,
        value: str,
        now: int,
    ) -> Work[ApiKey]:
        yield from _require_owner(project_id, owner)
        key = yield from store.insert(
            key_id,
            project_id,
            owner=owner,
            key_hash=self._secret.hash("api key", value),
            last_four=value[-4:],
            description=wanted.description,
            is_public=wanted.is_public,
            expires_at=wanted.expires_at,
            now=now,
        )
        yield from _record("api_key.created", key, now)
        return key

    def _of_owner(self, project_id: str, owner: Owner) -> Work[list[ApiKey]]:
        yield from _require_owner(project_id, owner)
        return (yield from store.of_owner(project_id, owner))

    def _update(
        self, key: ApiKey, description: str | None, revoke: bool, now: int
    ) -> Work[ApiKey | None]:
        if description is not None:
            yield from store.describe(key, description)
        if revoke and (yield from store.revoke(key, now=now)) is not None:
            yield from _record("api_key.revoked", key, now)
        return (yield from store.by_id(key.project_id, key.id))

    def _check(
        self, project_id: str, key_hash: bytes, wanted: Kind, now: int
    ) -> Work[tuple[ApiKey, Standing] | None]:
        key = yield from store.by_hash(project_id, key_hash)
        if key is None:
            return None
        found = rules.standing(key, wanted=wanted, now=now)
        if found == "good" and key.owner.kind == "user":
            user = yield from accounts.by_id(project_id, key.owner.id)
            if user is None or user.disabled_at is not None:
                return key, "revoked"
        return key, found


def _require_owner(project_id: str, owner: Owner) -> Work[None]:
    by_id = accounts.by_id if owner.kind == "user" else teams.by_id
    if (yield from by_id(project_id, owner.id)) is None:
        raise NoSuchOwner


def _record(event: str, key: ApiKey, now: int) -> Work[None]:
    of_user = key.owner.kind == "user"
    yield from events.record(
        event,
        now=now,
        project_id=key.project_id,
        user_id=key.owner.id if of_user else None,
        team=None if of_user else key.owner.id,
        key=key.id,
    )
