"""What a sign-in tells its caller while it runs, and what it ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.client.session import SessionInfo
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.discovery import Metadata
    from keyturn.protocol.tokens import Account, Tokens

Method = Literal["loopback", "device", "cli_poll", "provider"]


def _go_on() -> None:
    pass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller of a sign-in may choose.

    Attributes:
        method: ``"auto"`` or a Method.
        open_browser: Whether a browser may be started here.
        scope: What to ask for, separated by spaces; ``None`` leaves it to the server.
        port: The loopback port; 0: any free one.
        force: Start anew although a live session is stored.
        storage: ``"auto"``, ``"file"`` or ``"keyring"``.
        check: Called about once a second while somebody is waited for, and once more before
            anything is stored. What it raises ends the sign-in as Ctrl-C would.
    """

    method: str = "auto"
    open_browser: bool = True
    scope: str | None = None
    port: int = 0
    force: bool = False
    storage: str = "auto"
    check: Callable[[], None] = _go_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a sign-in method brings home.

    Attributes:
        tokens: The server's answer.
        account: Who signed in, where the method itself found out.
        metadata: The server's, where it was asked for; ``None`` for Stack projects and for tokens
            that are not ours to renew or revoke.
        client: Whom they were granted to; ``None``: nobody in particular.
        scope: What was asked for; ``None``: nothing in particular.
        nonce: What the ID token has to repeat; ``None``: nothing.
        anonymous_id: The account of the session without a person that was attached, if one was.
    """

    tokens: Tokens
    account: Account | None = None
    metadata: Metadata | None = None
    client: Client | None = None
    scope: str | None = None
    nonce: str | None = field(default=None, repr=False)
    anonymous_id: str | None = None


class Talk:
    """Passes events on to the caller, and counts the time down.

    Args:
        rt: The program's parts.
        listener: The caller's; ``None``: nobody listens.
        check: See Options.
    """

    def __init__(
        self,
        rt: Runtime,
        listener: Callable[[LoginEvent], None] | None,
        check: Callable[[], None] = _go_on,
    ) -> None:
        self._rt = rt
        self._listener = listener
        self._check = check
        self._ends_at: float | None = None
        self._said: int | None = None

    def say(self, event: LoginEvent) -> None:
        """Pass one event on."""
        self._check()
        if self._listener is not None:
            self._listener(event)

    def show_link(self, link: Verification, *, open_browser: bool) -> None:
        """Show where to go, then start a browser there, then say what became of that.

        A browser that cannot be started, or an opener that throws, never ends a sign-in.
        """
        effects = self._rt.effects
        self._ends_at = effects.monotonic() + link.expires_at - effects.now()
        self.say(link)
        if not open_browser:
            return
        try:
            opened = effects.open_url(link.url)
        except Exception:  # Somebody else's code, and the link is on the screen already.
            opened = False
        self.say(replace(link, browser_opened=opened))

    def decided(self) -> None:
        """The person has decided: nobody is waited for any more.

        From here on the server may have granted something, so nothing but the check before storing
        ends the sign-in, where the grant is known and can be revoked.
        """
        self._ends_at = None

    def tick(self) -> None:
        """Say how much time is left: once a second, and only while there is a link to visit."""
        if self._ends_at is None:
            return
        self._check()
        left = max(0, round(self._ends_at - self._rt.effects.monotonic()))
        if left != self._said:
            self._said = left
            self.say(Waiting(seconds_left=left))
