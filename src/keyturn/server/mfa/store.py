"""What the second factor needs from storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import User
from keyturn.server.storage.base import Work, first

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """What is stored of a user's second factor; no secret where it has none."""

    sealed: bytes | None = field(repr=False)
    last_step: int | None

    @classmethod
    def from_row(cls, row: Row) -> Totp:
        """Read one row."""
        sealed = row["totp_secret_sealed"]
        return cls(sealed=bytes(sealed) if sealed else None, last_step=row["totp_last_step"])


def of_user(user_id: str) -> Work[Totp]:
    """Return a user's second factor."""
    row = yield from first("totp_of_user", user_id=user_id)
    return Totp.from_row(row) if row else Totp(sealed=None, last_step=None)


def put(user_id: str, totp: Totp) -> Work[User | None]:
    """Change a user's second factor; ``None`` if the user is gone."""
    row = yield from first(
        "set_totp_of_user",
        user_id=user_id,
        sealed=totp.sealed,
        required=int(totp.sealed is not None),
        last_step=totp.last_step,
    )
    return User.from_row(row) if row else None


def use_step(user_id: str, step: int) -> Work[bool]:
    """Use a step up; false if it, or one after it, has been used already."""
    row = yield from first("use_totp_step", user_id=user_id, step=step)
    return row is not None
