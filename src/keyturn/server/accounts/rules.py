"""Who a user is, which addresses and passwords are acceptable. Pure."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD_BYTES = 1024
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One row of ``user_account``. Instants are milliseconds since 1970."""

    id: str
    project_id: str
    display_name: str | None
    primary_email: str | None
    primary_email_verified: bool
    password_hash: str | None = field(repr=False)
    is_anonymous: bool
    sign_in_email: str | None
    profile_image_url: str | None
    client_metadata: Any
    client_read_only_metadata: Any
    server_metadata: Any = field(repr=False)
    selected_team_id: str | None
    restricted_by_admin: bool
    restricted_reason: str | None
    restricted_private_details: str | None = field(repr=False)
    otp_auth_enabled: bool
    requires_totp_mfa: bool
    passkey_auth_enabled: bool
    country_code: str | None
    risk_scores: Any
    signed_up_at: int
    last_active_at: int
    disabled_at: int | None
    primary_channel_id: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> User:
        """Read one row."""
        values: dict[str, Any] = {name: row[name] for name in _PLAIN}
        values |= {name: bool(row[name]) for name in FLAG_COLUMNS}
        values |= {name: json.loads(row[name]) if row[name] else None for name in JSON_COLUMNS}
        return cls(**values)

    @property
    def restriction(self) -> str | None:
        """Return why the user may not yet do everything, by the type clients know, or ``None``."""
        if self.is_anonymous:
            return "anonymous"
        return "restricted_by_administrator" if self.restricted_by_admin else None

    @property
    def label(self) -> str:
        """How the account is named to its owner."""
        return (
            self.primary_email or self.display_name or ("Guest" if self.is_anonymous else self.id)
        )


FLAG_COLUMNS = (
    "primary_email_verified",
    "is_anonymous",
    "otp_auth_enabled",
    "requires_totp_mfa",
    "passkey_auth_enabled",
    "restricted_by_admin",
)
JSON_COLUMNS = ("client_metadata", "client_read_only_metadata", "server_metadata", "risk_scores")
_PLAIN = tuple(set(User.__dataclass_fields__) - {*FLAG_COLUMNS, *JSON_COLUMNS})


def folded_email(email: str) -> str:
    """Return the form under which an address signs in: NFC, no case, no surrounding space."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def email_problem(email: str) -> str | None:
    """Say what is wrong with an address, in a sentence for its owner, or ``None``.

    Deliverability is for the mail to prove; this catches what is surely a slip (WHATWG HTML's
    e-mail state is as lenient, but lets a bare host name through).
    """
    address = email.strip()
    local, at, domain = address.rpartition("@")
    if not at:
        return "An address needs an @, as in ada@example.com."
    if not local or any(c.isspace() or not c.isprintable() for c in address) or "@" in local:
        return "The part before the @ is not complete, as in ada@example.com."
    labels = domain.split(".")
    if len(labels) < 2 or not all(_is_label(label) for label in labels):
        return "The part after the @ is not complete, as in ada@example.com."
    return "That address is too long." if len(address) > LONGEST_EMAIL else None


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= 63
        and not label.startswith("-")
        and not label.endswith("-")
        and all(c.isalnum() or c == "-" for c in label)
    )


def normalized_password(password: str) -> str:
    """Return the NFC form, so that the same keys typed on two systems agree (RFC 8265)."""
    return unicodedata.normalize("NFC", password)


def is_too_short(password: str) -> bool:
    """Count characters as people do."""
    return len(normalized_password(password)) < SHORTEST_PASSWORD


def is_too_long(password: str, *, longest: int) -> bool:
    """Count characters against the project's limit, and bytes against the hard one."""
    normal = normalized_password(password)
    return len(normal) > longest or len(normal.encode("utf-8", "replace")) > LONGEST_PASSWORD_BYTES
