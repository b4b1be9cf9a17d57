"""What a code that works once is, and what became of one. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row


class CodeNotFound(Exception):
    """There is no such code, not of this kind or not in this project."""


class CodeExpired(Exception):
    """The code was good once."""


class CodeUsed(Exception):
    """The code has done its work already."""


class TooManyGuesses(Exception):
    """The short part was guessed at too often; the code opens nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """One row of ``one_time_code``. Instants are milliseconds since 1970.

    Attributes:
        about: What it is about, for lists: a team, an address.
        facts: What whoever handed it out wanted to know again; JSON values, no secrets.
    """

    id: str
    kind: str
    user_id: str | None
    about: str | None
    facts: dict[str, Any] = field(repr=False)
    guesses: int
    created_at: int
    expires_at: int
    used_at: int | None

    @classmethod
    def from_row(cls, row: Row) -> OneTimeCode:
        """Read one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__slots__ if name != "facts"}
        return cls(**values, facts=json.loads(row["facts"]))


def check_live(code: OneTimeCode | None, *, now: int) -> OneTimeCode:
    """Return a code that would still work.

    Raises:
        CodeNotFound, CodeExpired, CodeUsed: it would not. One that was used says so even later.
    """
    if code is None:
        raise CodeNotFound
    if code.used_at is not None:
        raise CodeUsed
    if code.expires_at <= now:
        raise CodeExpired
    return code
