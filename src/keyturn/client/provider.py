"""The contract for a way of signing in that this package does not know: a company's own, say.

Where a session is kept, renewed by one process at a time, switched and ended stays ours; a provider
only talks to its server. It never sees a lock: ``prepare`` comes before any is taken.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from keyturn.protocol.errors import RefreshUnavailable

if TYPE_CHECKING:
    from keyturn.client.login.base import Options, Talk
    from keyturn.protocol.tokens import Account, Tokens


class Conversation:
    """What ``authorize`` may ask for and say, while a person signs in.

    Attributes:
        scope: What was asked for, separated by spaces, or ``None``.
        open_browser: Whether a browser may be started here.
    """

    def __init__(self, talk: Talk, options: Options, now: float) -> None:
        self.scope: str | None = options.scope
        self.open_browser: bool = options.open_browser
        self._talk = talk
        self._now = now

    def show(self, url: str, *, user_code: str | None = None, seconds: float = 600.0) -> None:
        """Show where the person has to go, and open a browser there if that is allowed.

        Args:
            url: An http(s) address, without a secret in it.
            user_code: What to type there, if anything.
            seconds: How long the attempt lives.

        Raises:
            ValueError: ``url`` is no http(s) address that could be printed.
        """
        from keyturn.client.login.base import Verification

        if not url.startswith(("https://", "http://")) or not all("!" <= c <= "~" for c in url):
            raise ValueError("the link to visit is no http(s) address")
        link = Verification(
            method="provider", url=url, user_code=user_code, expires_at=self._now + seconds
        )
        self._talk.show_link(link, open_browser=self.open_browser)

    def tick(self) -> None:
        """Count down for whoever waits. Call it about once a second; what it raises, let pass."""
        self._talk.tick()


class Provider(ABC):
    """A way of signing in. Only ``authorize`` and ``exchange`` must be there.

    Each method may raise any KeyturnError, which reaches the caller as it is. Another exception
    becomes one that does not repeat its text, since that may hold a secret; at a refresh it counts
    as a bad day, and the session stays.

    Attributes:
        issuer: The URL people know the server by; sessions are kept apart by it.
        name: What tells two providers at one issuer apart.
    """

    issuer: str
    name: ClassVar[str] = "provider"

    def prepare(self) -> None:  # noqa: B027 - nothing to do is a good answer
        """Do what takes long or may fail: a handshake, a helper program. No lock is held.

        Called before a sign-in, and before each refresh and revocation.
        """

    @abstractmethod
    def authorize(self, conversation: Conversation) -> Any:
        """Have the person sign in and return what ``exchange`` needs for it.

        Raise LoginDenied where they declined and LoginExpired where time ran out.
        """

    @abstractmethod
    def exchange(self, authorization: Any) -> Tokens:
        """Trade what ``authorize`` returned for tokens. What it grants is stored, or revoked."""

    def identify(self, tokens: Tokens) -> Account | str | None:
        """Say whose tokens they are: an id, an Account, or ``None`` for "not known"."""
        return None

    def refresh(self, refresh_token: str) -> Tokens:
        """Renew a session; called by one process at a time.

        Without a refresh token in the answer the old one stays in force. Raise SessionExpired only
        where the server has said that it is over: the session is then removed.
        """
        raise RefreshUnavailable

    def revoke(self, tokens: Tokens) -> bool:
        """End a session at the server, within 5 s; say whether that worked."""
        return False
