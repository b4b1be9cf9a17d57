"""What an account at a provider is, and which of them may stand beside each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

# An access token that is handed out has at least this much time left, if it can be had.
LEEWAY_MS = 5 * 60 * 1000
MOST_TOKENS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """One row of ``provider_account``: a user's account at a provider.

    Attributes:
        id: Ours.
        account_id: The provider's.
        allow_sign_in: Whoever is that account there is this user here.
        allow_connected_accounts: The user's programs may have access tokens for it.
    """

    id: str
    project_id: str
    user_id: str
    provider_id: str
    account_id: str
    email: str | None
    allow_sign_in: bool
    allow_connected_accounts: bool
    created_at: int

    @classmethod
    def from_row(cls, row: Row) -> ProviderAccount:
        """Read one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__slots__}
        for name in ("allow_sign_in", "allow_connected_accounts"):
            values[name] = bool(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderToken:
    """One row of ``provider_token``. Instants are milliseconds since 1970."""

    id: str
    account: str
    scope: str
    access_token_sealed: bytes = field(repr=False)
    access_expires_at: int | None
    refresh_token_sealed: bytes | None = field(repr=False)
    version: int
    renewing_until: int | None
    updated_at: int

    @classmethod
    def from_row(cls, row: Row) -> ProviderToken:
        """Read one row."""
        return cls(**{name: row[name] for name in cls.__slots__})

    @property
    def lifetime_ms(self) -> int | None:
        """How long the access token lived when it came; ``None``: nobody knows."""
        return None if self.access_expires_at is None else self.access_expires_at - self.updated_at


Conflict = Literal["signs in already", "same account", "account taken"]


def conflict(
    wanted: ProviderAccount, of_user: Iterable[ProviderAccount], holder: ProviderAccount | None
) -> Conflict | None:
    """Say why an account may not be as wanted, or ``None``, in the published order.

    Args:
        wanted: The account as it would be.
        of_user: All accounts of its user, this one too.
        holder: Whoever signs in with the same account at the same provider.
    """
    siblings = [
        one for one in of_user if one.id != wanted.id and one.provider_id == wanted.provider_id
    ]
    if wanted.allow_sign_in and any(one.allow_sign_in for one in siblings):
        return "signs in already"
    if any(one.account_id == wanted.account_id for one in siblings):
        return "same account"
    if wanted.allow_sign_in and holder is not None and holder.id != wanted.id:
        return "account taken"
    return None


def scopes_of(text: str | None) -> frozenset[str]:
    """Return the scopes in a list with spaces between (RFC 6749 section 3.3)."""
    return frozenset((text or "").split())


def with_scopes(tokens: Sequence[ProviderToken], wanted: str | None) -> list[ProviderToken]:
    """Return the tokens that cover all the wanted scopes, newest first."""
    return [token for token in tokens if scopes_of(wanted) <= scopes_of(token.scope)]


Choice = Literal["use", "renew", "nothing"]


def choose(token: ProviderToken, *, now: int) -> Choice:
    """Say what is to be done to give out an access token.

    One with little time left is renewed first, if it can be: five minutes, or half of what it had.
    """
    if token.access_expires_at is None:
        return "use"  # a provider that does not say ends tokens when people take them back
    left = token.access_expires_at - now
    enough = min(LEEWAY_MS, (token.lifetime_ms or 0) // 2)
    if left > enough:
        return "use"
    if token.refresh_token_sealed is not None:
        return "renew"
    return "use" if left > 0 else "nothing"
