"""The list of sessions, and what was just done to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from keyturn.server.pages.views.frame import Account, Page

if TYPE_CHECKING:
    from keyturn.server.pages.views.confirm import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """A browser that is signed in; exactly one of a page's is ``current``."""

    id: str
    label: str | None = None  # as "Firefox on Linux"; None: the browser did not say
    current: bool = False
    last_used_at: datetime | None = None
    seen_at: Place | None = None
    signed_in_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSession:
    """A program that is signed in, on a computer by the program's own account."""

    id: str
    program: str
    host_name: str | None = None
    system: str | None = None
    last_used_at: datetime | None = None  # None: not used yet
    seen_at: Place | None = None
    signed_in_at: datetime
    typed_code: bool = False  # signed in with a typed code: shorter, and listed as such
    ends_at: datetime | None = None  # shown where given


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsNotice:
    """What the last press did.

    "ended" names ``program`` and ``host_name``; "others-ended" and "password-changed" say how many
    sessions ended in ``count``; "gone" is for a session that had ended before.
    """

    kind: Literal["ended", "others-ended", "password-changed", "gone"]
    program: str | None = None
    host_name: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAlert:
    """A program's session that ended because an old token was used again; ``id`` is the session's.

    ``address`` is where that token came from.
    """

    id: str
    program: str
    host_name: str | None = None
    ended_at: datetime
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage(Page):
    """Where the account is signed in.

    "Sign out" posts ``form_token`` to ``/sign-out``, "Revoke" ``form_token`` and ``session`` to
    ``/sessions/end``, "Revoke all others" ``form_token`` to ``/sessions/end-others``, "Dismiss"
    ``form_token`` and ``session`` to ``/sessions/dismiss``.
    """

    template: ClassVar[str] = "sessions.html"
    wide: ClassVar[bool] = True
    in_sessions: ClassVar[bool] = True

    signed_in: bool = True
    account: Account
    form_token: str
    browsers: tuple[BrowserSession, ...]
    programs: tuple[ProgramSession, ...]
    notice: SessionsNotice | None = None
    alerts: tuple[SessionAlert, ...] = ()
    with_password: bool = True  # offer to change it

    @property
    def here(self) -> tuple[BrowserSession, ...]:
        """The browser that shows this page."""
        return tuple(browser for browser in self.browsers if browser.current)

    @property
    def elsewhere(self) -> tuple[BrowserSession, ...]:
        """Every other browser."""
        return tuple(browser for browser in self.browsers if not browser.current)
