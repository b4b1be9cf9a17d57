"""What a program may know about a stored session: everything but its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """One signed-in account, as the local store knows it.

    Attributes:
        account_id: The server's id for the account (``sub``), or ``"default"``.
        email: Where the server told it.
        label: The account's name for people, where there is one.
        issuer: The sign-in server's base URL.
        issuer_host: Its host (with the port, where it is not the usual one), for messages.
        storage: Where the refresh token lives: ``"keyring"`` or ``"file"``; for a store that the
            program brings along ``"memory"`` or ``"custom"``.
        storage_path: The file that holds the record, or what such a store calls its place.
        expires_at: When the access token ends, in epoch seconds; ``None``: the server did not say.
        session_ends_at: When the session ends if unused, in epoch seconds; ``None``: unknown.
        has_refresh_token: Whether the session renews by itself.
        is_default: Whether it is the one used when no account is named.
        is_anonymous: Whether it is a session without a person (K-48).
        storage_policy: What was asked for: ``"auto"``, ``"keyring"`` (both tokens) or ``"file"``.
        storage_warning: Why the session is not kept where the policy would rather have it, or
            ``None``. Shown once, at login.
    """

    account_id: str
    email: str | None
    label: str | None
    issuer: str
    issuer_host: str
    storage: Literal["file", "keyring", "memory", "custom"]
    storage_path: str
    expires_at: float | None
    session_ends_at: float | None
    has_refresh_token: bool
    is_default: bool
    is_anonymous: bool = False
    storage_policy: str = "auto"
    storage_warning: str | None = None

    @property
    def display_name(self) -> str:
        """What to call the account in a message: its email, else its label, else its id."""
        return self.email or self.label or self.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutOutcome:
    """What signing out did.

    Attributes:
        account: What to call the account that was signed out.
        issuer_host: Where its session lived.
        revoked: ``"revoked"`` at the server, ``"failed"`` when it did not answer, ``"nothing"``
            when there was nothing that could be revoked.
        session_may_live_until: After ``"failed"``: when the session there ends by itself, in epoch
            seconds; ``None``: unknown.
        sessions_url: Where the person can end it by hand, where the server names such a page.
        may_end_browser_session: The session there was, or may have been, the browser's own, so
            that the person may find themselves signed out there too.
    """

    account: str
    issuer_host: str
    revoked: Literal["revoked", "failed", "nothing"]
    session_may_live_until: float | None = None
    sessions_url: str | None = None
    may_end_browser_session: bool = False
