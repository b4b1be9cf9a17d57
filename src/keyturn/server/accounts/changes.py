"""From the members of a request about a user to what the directory is to change. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.directory import Changes
from keyturn.server.mfa.rules import secret_from

if TYPE_CHECKING:
    from collections.abc import Mapping

# Members of the wire whose columns are called otherwise.
_RENAMED = {
    "restricted_by_admin_reason": "restricted_reason",
    "restricted_by_admin_private_details": "restricted_private_details",
}
_NO_COLUMN = frozenset(
    {
        "password",
        "password_hash",
        "primary_email_auth_enabled",
        "passkey_auth_enabled",
        "totp_secret_base64",
        "oauth_providers",
    }
)
# What this version cannot do for a user; asking for it must not look as if it had worked.
_NOT_BUILT = ("password_hash", "oauth_providers")


def asks_for_more(sent: Mapping[str, Any]) -> bool:
    """Say whether a request turns on something that this version does not have."""
    return any(sent.get(name) for name in _NOT_BUILT)


def inconsistency(sent: Mapping[str, Any], *, is_restricted: bool) -> str | None:
    """Say what contradicts itself: only a restricted user has a reason for it."""
    if sent.get("restricted_by_admin", is_restricted):
        return None
    for name in _RENAMED:
        if sent.get(name) is not None:
            return f"body.{name}: must be null unless restricted_by_admin is true"
    return None


def changes_from(sent: Mapping[str, Any]) -> Changes:
    """Turn the members that were sent into changes; the others stay as they are."""
    columns = {
        _RENAMED.get(name, name): value for name, value in sent.items() if name not in _NO_COLUMN
    }
    if sent.get("restricted_by_admin") is False:
        columns |= dict.fromkeys(_RENAMED.values())
    totp: str | None = sent.get("totp_secret_base64")
    return Changes(
        columns=columns,
        password=sent.get("password"),
        has_password="password" in sent,
        signs_in_by_email=sent.get("primary_email_auth_enabled"),
        totp_secret=secret_from(totp) if totp is not None else None,
        has_totp_secret="totp_secret_base64" in sent,
        removes_passkey=sent.get("passkey_auth_enabled") is False,
    )
