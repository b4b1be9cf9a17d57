"""What an API key is, how its text is built, and when it opens nothing. Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

Kind = Literal["user", "team"]
SECRET_BYTES = 28  # 45 symbols, 224 bits
# Secret scanners find keys by this word and tell a slip from a key by the checksum behind it.
_MARKER = "574ck4u7h"
# Crockford's alphabet: no I, L, O and U.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# What stands before the marker: 1 for every server but the vendor's own, 2 more for public keys.
_SELF_HOSTED, _PUBLIC = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose key it is: a user's or a team's."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One row of ``api_key``. Instants are milliseconds since 1970."""

    id: str
    project_id: str
    owner: Owner
    last_four: str = field(repr=False)
    description: str
    is_public: bool
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    @classmethod
    def from_row(cls, row: Row) -> ApiKey:
        """Read one row."""
        of_user = row["user_id"] is not None
        owner = Owner(
            kind="user" if of_user else "team", id=row["user_id"] if of_user else row["team_id"]
        )
        return cls(
            id=row["id"],
            project_id=row["project_id"],
            owner=owner,
            last_four=row["last_four"],
            description=row["description"],
            is_public=bool(row["is_public"]),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
        )


Standing = Literal["good", "wrong type", "revoked", "expired"]


def standing(key: ApiKey, *, wanted: Kind, now: int) -> Standing:
    """Say what a key is worth, in the order in which published servers say it."""
    if key.owner.kind != wanted:
        return "wrong type"
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "good"


def key_text(key_id: str, kind: Kind, secret: bytes, *, is_public: bool) -> str:
    """Return a key in the form that published clients and secret scanners know.

    ``sk_`` or ``pk_``, 45 symbols of secret, the key's id without dashes, its kind, one symbol of
    flags, a marker, and a CRC-32 of everything before it as 8 hexadecimal digits.

    Args:
        key_id: A UUID.
        kind: Whose key it is.
        secret: ``SECRET_BYTES`` random bytes.
        is_public: Whether it may be shown to anybody, as a key in a web page.
    """
    flags = _ALPHABET[_SELF_HOSTED + (_PUBLIC if is_public else 0)]
    prefix = "pk" if is_public else "sk"
    start = f"{prefix}_{_base32(secret)}{key_id.replace('-', '')}{kind}{flags}{_MARKER}"
    return f"{start}{zlib.crc32(start.encode()):08x}"


def _base32(value: bytes) -> str:
    length = -(-len(value) * 8 // 5)
    number = int.from_bytes(value) << (length * 5 - len(value) * 8)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range((length - 1) * 5, -1, -5))
