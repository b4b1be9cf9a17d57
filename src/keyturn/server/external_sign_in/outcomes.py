"""What comes of the steps of signing in elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.external_sign_in.rules import Asked
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.rules import Session


class NotOurs(Exception):
    """Nobody was sent off with this state, not in this browser, or they have been back already."""


class TookTooLong(Exception):
    """They were sent off too long ago; ``back`` says by whom."""

    def __init__(self, back: Return) -> None:
        super().__init__()
        self.back: Return = back


class WrongCode(Exception):
    """The program's code is not good, or not with this verifier and address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where to send the browser, and what it has to keep until it comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Somebody who is back, with the program's request that sent them off."""

    project: Project
    asked: Asked
    state: str = field(repr=False)
    query: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """Whom a code signed in; ``begun`` is ``None`` where a second factor comes first."""

    asked: Asked
    user: User
    is_new: bool
    begun: tuple[Session, str] | None = field(repr=False)
