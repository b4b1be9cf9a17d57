"""Values that only those with a secret can read (specification: apps/server-app.spec.md).

The server sees neither keys nor values: both are turned into something else here, with a secret
that never leaves this program, in the way of the API's published JavaScript SDK, so that either
reads what the other wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from keyturn.sdk import vault_crypto
from keyturn.sdk.binding import Blocking, S_co, Steps, operation
from keyturn.sdk.errors import NotSupportedByServer
from keyturn.sdk.known_errors import DataVaultStoreHashedKeyDoesNotExist
from keyturn.sdk.resource import Resource
from keyturn.sdk.values import at

_MISSING = "no server of this API has an endpoint that"


@dataclass(eq=False, kw_only=True)
class DataVaultStore(Resource[S_co], Generic[S_co]):
    """One store of the project's data vault.

    Each call takes ``secret=``: what is written with one secret is found with that one alone.

    Attributes:
        id: The store, as the project names it.
    """

    id: str

    @operation
    def get(self, key: str, *, secret: str) -> Steps[str | None]:
        """Return a value (``POST /data-vault/stores/{id}/get``); ``None``: there is none.

        Args:
            key: What it was written under.
            secret: What it was written with.

        Raises:
            DataVaultStoreDoesNotExist: the project has no such store.
            DataVaultValueUnreadable: what is there was not written with this secret.
        """
        derived = yield Blocking(lambda: vault_crypto.derive(secret, key))
        body = {"hashed_key": vault_crypto.hashed_key(secret, derived)}
        try:
            answer = yield from self._session.post(at("data-vault", "stores", self.id, "get"), body)
        except DataVaultStoreHashedKeyDoesNotExist:
            return None
        return vault_crypto.decrypted(derived, answer.text("encrypted_value"))

    @operation
    def set(self, key: str, value: str, *, secret: str) -> Steps[None]:
        """Keep a value (``POST /data-vault/stores/{id}/set``) over the one that was there.

        Args:
            key: What to write it under.
            value: What to keep.
            secret: What to write it with. Nobody can read it without.

        Raises:
            DataVaultStoreDoesNotExist: the project has no such store.
        """
        derived = yield Blocking(lambda: vault_crypto.derive(secret, key))
        body = {
            "hashed_key": vault_crypto.hashed_key(secret, derived),
            "encrypted_value": vault_crypto.encrypted(derived, value),
        }
        yield from self._session.post(at("data-vault", "stores", self.id, "set"), body)

    @operation
    def delete(self, key: str) -> Steps[None]:
        """Remove a value: specified, and no server has it. An empty value can be written instead.

        Args:
            key: What it was written under.

        Raises:
            NotSupportedByServer: always.
        """
        yield from ()
        raise NotSupportedByServer(f"{_MISSING} removes a value")

    @operation
    def list(self) -> Steps[Sequence[str]]:
        """List the keys: specified, and no server has it; they know no keys, but hashes of them.

        Raises:
            NotSupportedByServer: always.
        """
        yield from ()
        raise NotSupportedByServer(f"{_MISSING} lists keys")
