"""Use cases of notification preferences: read them, change one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.notifications import rules, store

if TYPE_CHECKING:
    from keyturn.server.notifications.rules import Category
    from keyturn.server.storage.base import Storage, Work


class Notifications:
    """What the users of every project want to be mailed about."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def of_user(self, project_id: str, user_id: str) -> list[tuple[Category, bool]] | None:
        """Return every category, and whether it is on; ``None`` if there is no such user."""
        return await self._storage.read(self._of_user, project_id, user_id)

    async def choose(
        self, project_id: str, user_id: str, category: Category, *, enabled: bool
    ) -> bool:
        """Turn a category on or off; false if the project has no such user."""
        return await self._storage.write(
            store.choose, project_id, user_id, category.id, enabled=enabled
        )

    def _of_user(self, project_id: str, user_id: str) -> Work[list[tuple[Category, bool]] | None]:
        if (yield from accounts.by_id(project_id, user_id)) is None:
            return None
        chosen = yield from store.chosen(user_id)
        return [(category, rules.is_enabled(category, chosen)) for category in rules.CATEGORIES]
