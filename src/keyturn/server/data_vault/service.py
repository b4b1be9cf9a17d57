"""Use cases of the data vault: keep a value, give it back.

Clients hash the key and encrypt the value before they send either. Both are closed once more under
the server's secret, so that a stolen database does not even help whoever knows a project's own key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.data_vault import rules, store

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage

PURPOSE = "data vault"


class DataVault:
    """The stores of every project."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock

    async def put(self, project_id: str, store_id: str, hashed_key: str, value: str) -> None:
        """Keep a value, over the one that was there."""
        context = rules.context_of(project_id, store_id, hashed_key)
        await self._storage.write(
            store.put,
            project_id,
            store_id,
            key_hash=self._secret.hash(PURPOSE, context),
            sealed=self._secret.seal(PURPOSE, value.encode(), context=context),
            now=self._clock.now_ms(),
        )

    async def get(self, project_id: str, store_id: str, hashed_key: str) -> str | None:
        """Return the value of a key, or ``None``.

        Raises:
            Unsealable: what is stored was not put there by this server.
        """
        context = rules.context_of(project_id, store_id, hashed_key)
        key_hash = self._secret.hash(PURPOSE, context)
        sealed = await self._storage.read(store.get, project_id, store_id, key_hash=key_hash)
        if sealed is None:
            return None
        return self._secret.open(PURPOSE, sealed, context=context).decode()
