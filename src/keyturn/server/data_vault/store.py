"""What the data vault needs from storage."""

from __future__ import annotations

from keyturn.server.storage.base import Work, first, run


def put(project_id: str, store_id: str, *, key_hash: bytes, sealed: bytes, now: int) -> Work[None]:
    """Keep a value, over the one that was there."""
    yield from run(
        "put_vault_entry",
        project_id=project_id,
        store_id=store_id,
        key_hash=key_hash,
        sealed=sealed,
        now=now,
    )


def get(project_id: str, store_id: str, *, key_hash: bytes) -> Work[bytes | None]:
    """Return the sealed value of a key, or ``None``."""
    row = yield from first(
        "vault_entry", project_id=project_id, store_id=store_id, key_hash=key_hash
    )
    return bytes(row["value_sealed"]) if row else None
