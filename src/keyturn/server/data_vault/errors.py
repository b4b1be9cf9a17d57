"""The known errors of the data vault."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def store_does_not_exist(store_id: str) -> KnownError:
    """The project has declared no such store."""
    return KnownError(
        "DATA_VAULT_STORE_DOES_NOT_EXIST",
        400,
        f"Data vault store with ID {store_id} does not exist.",
        {"store_id": store_id},
    )


def key_does_not_exist(store_id: str, hashed_key: str) -> KnownError:
    """The store has nothing under this key."""
    return KnownError(
        "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST",
        400,
        f"Data vault store with ID {store_id} does not contain a key with hash {hashed_key}.",
        {"store_id": store_id, "hashed_key": hashed_key},
    )
