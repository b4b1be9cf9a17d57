"""What a sign-in tells its caller while it runs, and what it ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.client.session import SessionInfo

Method = Literal["loopback", "device", "cli_poll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodChosen:
    """Which way the person signs in, and why: one sentence for ``--verbose``."""

    method: Method
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Where the person has to go. Comes before the browser is started, and once more after.

    Attributes:
        method: How the sign-in works.
        url: The link to show; always shown, whatever became of the browser.
        user_code: Device grant only: what the person types there (``WDJB-MJHT``).
        compare_code: CLI poll only: what the page must show (``4MZK-9TQX``).
        expires_at: When the attempt ends, in epoch seconds.
        browser_opened: ``None``: not tried (yet); otherwise whether a browser was started. True is
            no proof that the person sees anything.
    """

    method: Method
    url: str
    user_code: str | None = None
    compare_code: str | None = None
    expires_at: float
    browser_opened: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nobody has decided yet; comes about once a second."""

    seconds_left: int


LoginEvent = MethodChosen | Verification | Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOutcome:
    """Who is signed in now.

    Attributes:
        session: The session that was stored, or the live one that was there already.
        previous_account: What to call the account that was the default before, if it was another.
        already_signed_in: True when a live session was there and nothing was started.
    """

    session: SessionInfo
    previous_account: str | None = None
    already_signed_in: bool = False
