"""What one part of a program needs of the session that another part keeps.

``keyturn.Auth`` is one, so a program's commands and its SDK share one session, and neither imports
the other; the keeper's own rules decide when it is renewed.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class SessionSource(Protocol):
    """Keeps one session. Each method may block."""

    def token(self) -> str:
        """Return an access token that can be used now.

        Raises:
            SignInRequired: nobody is signed in, or the session has ended.
            KeyturnError: it could not be had just now.
        """
        ...

    def token_instead_of(self, rejected: str) -> str:
        """Return another token after the server did not accept ``rejected``; raises alike."""
        ...

    def logout(self) -> object:
        """End the session at the server and forget it here."""
        ...
