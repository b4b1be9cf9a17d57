"""The one file's content: every record of every client, in a shape that later versions may extend.

``{"schema": 1, "revision": n, "clients": {"<issuer> <client id>": {"default": id, "accounts":
{id: record}}}}``. Members we do not know survive a rewrite, on every level.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keyturn.client import SCHEMA
from keyturn.client.stores.base import Snapshot
from keyturn.client.stores.records import from_record, to_record
from keyturn.protocol.errors import StoreCorrupt, StoreReadFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keyturn.protocol.tokens import Session


class Document:
    """A parsed session file, seen by one client at one issuer.

    Args:
        raw: The whole document.
        issuer: The issuer whose sessions are meant.
        client_id: The client whose sessions are meant.
        client_key: What the two are filed under.
    """

    def __init__(
        self, raw: dict[str, Any], *, issuer: str, client_id: str, client_key: str
    ) -> None:
        self.raw = raw
        self._issuer = issuer
        self._client_id = client_id
        self._key = client_key

    def snapshot(self) -> Snapshot:
        """Return this client's sessions."""
        client = self.raw["clients"].get(self._key, {})
        sessions, unreadable = {}, []
        for account_id in client.get("accounts", {}):
            try:
                sessions[account_id] = self._session(account_id)
            except StoreCorrupt:
                unreadable.append(account_id)
        default = client.get("default")
        return Snapshot(sessions=sessions, default=default, unreadable=tuple(unreadable))

    def session(self, account_id: str) -> Session | None:
        """Return one session; ``None`` where there is none that can be read."""
        return self.snapshot().sessions.get(account_id)

    def holds(self, account_id: str) -> bool:
        """Say whether there is a record for an account, readable or not."""
        return account_id in self.raw["clients"].get(self._key, {}).get("accounts", {})

    def put(self, session: Session) -> Session:
        """Write a session's record and return it with its new revision."""
        accounts = self._client()["accounts"]
        self._count()
        earlier = accounts.get(session.account.id)
        record = to_record(session, earlier if isinstance(earlier, dict) else None)
        record["revision"] = self.raw["revision"]
        record.pop("client_id", None)
        if session.client_id != self._client_id:  # One that a server made for this program.
            record["client_id"] = session.client_id
        accounts[session.account.id] = record
        return self._session(session.account.id)

    def remove(self, account_id: str) -> None:
        """Drop a record, and the default where it was that."""
        client = self._client()
        client["accounts"].pop(account_id, None)
        self._count()
        if client.get("default") == account_id:
            client["default"] = None

    def pin(self, account_id: str) -> None:
        """Make an account the default."""
        self._client()["default"] = account_id

    def next_revision(self) -> int:
        """Return the revision that the next write gets."""
        return int(self.raw.get("revision", 0)) + 1

    def slot_of(self, account_id: str) -> str | None:
        """Return the keyring slot that a record names, readable or not."""
        record = self.raw["clients"].get(self._key, {}).get("accounts", {}).get(account_id)
        slot = record.get("slot") if isinstance(record, dict) else None
        return slot if isinstance(slot, str) and slot else None

    def slots(self) -> set[str]:
        """Return every keyring slot that a record of this client names."""
        accounts = self.raw["clients"].get(self._key, {}).get("accounts", {})
        return {slot for id_ in accounts if (slot := self.slot_of(id_)) is not None}

    def leftovers(self) -> set[str]:
        """Return the slots that no record names (any more) and that may not be empty yet."""
        found = self.raw["clients"].get(self._key, {}).get("leftovers")
        return set(found) if isinstance(found, dict) else set()

    def leave_behind(self, user: str | None) -> None:
        """Note a slot that is to be emptied."""
        if user is not None:
            # An object, since the hot path reads no lists.
            self._client()["leftovers"] = dict.fromkeys({*self.leftovers(), user}, True)

    def forget_leftovers(self, users: Iterable[str]) -> None:
        """Strike slots that have been emptied off the list."""
        left = self.leftovers() - set(users)
        client = self._client()
        client.pop("leftovers", None)
        if left:
            client["leftovers"] = dict.fromkeys(left, True)

    def encoded(self) -> bytes:
        """Return the bytes to store."""
        # Compact and unescaped: the plain JSON that the hot path reads by itself.
        try:
            return json.dumps(self.raw, separators=(",", ":"), ensure_ascii=False).encode()
        except UnicodeEncodeError:  # Half a surrogate pair, in a member that is not ours.
            return json.dumps(self.raw, separators=(",", ":")).encode()

    def _count(self) -> None:
        self.raw["revision"] = self.raw.get("revision", 0) + 1

    def _client(self) -> dict[str, Any]:
        clients: dict[str, Any] = self.raw["clients"]
        client: dict[str, Any] = clients.setdefault(self._key, {"default": None, "accounts": {}})
        client.setdefault("accounts", {})
        return client

    def _session(self, account_id: str) -> Session:
        record = self.raw["clients"][self._key]["accounts"][account_id]
        session = from_record(record, issuer=self._issuer, client_id=self._client_id)
        if session.account.id != account_id:
            raise StoreCorrupt("A stored session is filed under another account.")
        return session


def empty() -> dict[str, Any]:
    """Return the document of a program that nobody has signed in to."""
    return {"schema": SCHEMA, "revision": 0, "clients": {}}


def decode(content: bytes, *, path: str) -> dict[str, Any]:
    """Return the document that ``content`` is.

    Raises:
        StoreReadFailed: a newer version wrote it; it is best left alone.
        StoreCorrupt: nobody wrote it like this.
    """
    try:
        raw = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise StoreCorrupt(f"{path} is damaged.") from None
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise StoreReadFailed(
            f"{path} was written by a newer version of this program.",
            hint="Update {program}, or set another directory for its sessions.",
        )
    if schema != SCHEMA or not _is_sound(raw):
        raise StoreCorrupt(f"{path} is damaged.")
    return dict(raw)


def _is_sound(raw: dict[str, Any]) -> bool:
    clients = raw.get("clients")
    return (
        type(raw.get("revision", 0)) is int
        and isinstance(clients, dict)
        and all(_is_client(client) for client in clients.values())
    )


def _is_client(client: object) -> bool:
    return (
        isinstance(client, dict)
        and isinstance(client.get("accounts", {}), dict)
        and isinstance(client.get("default"), str | None)
    )
