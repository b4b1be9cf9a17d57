"""What CLI sign-in answers its callers with."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.server.sessions.stack_tokens import Holder


class Refusal(enum.Enum):
    """Why CLI sign-in says no. Each has one text on the wire."""

    ANONYMOUS_TOKEN_UNKNOWN = enum.auto()
    ANONYMOUS_TOKEN_OF_ANOTHER_PROJECT = enum.auto()
    ANONYMOUS_TOKEN_EXPIRED = enum.auto()
    ANONYMOUS_TOKEN_WITHOUT_USER = enum.auto()
    NOT_ANONYMOUS = enum.auto()
    NOT_OPEN = enum.auto()
    NOTHING_TO_CLAIM = enum.auto()
    ANONYMOUS_SESSION_OVER = enum.auto()
    REFRESH_TOKEN_MISSING = enum.auto()
    REFRESH_TOKEN_UNKNOWN = enum.auto()
    REFRESH_TOKEN_OF_ANOTHER_PROJECT = enum.auto()


class Refused(Exception):
    """Nothing was changed."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A fresh attempt, its codes in the clear for the one time they are given out."""

    polling_code: str = field(repr=False)
    login_code: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What a poll is told; with ``success`` comes the refresh token, once."""

    status: Literal["waiting", "expired", "used", "success"]
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The anonymous session that an attempt carried."""

    holder: Holder
    refresh_token: str = field(repr=False)
