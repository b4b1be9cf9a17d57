"""The errors of API keys. Published clients take each of these codes for an invalid key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.stack.errors import KnownError

if TYPE_CHECKING:
    from keyturn.server.api_keys.rules import Kind


def api_key_not_found() -> KnownError:
    """No such key, or none that the caller may know of."""
    return KnownError("API_KEY_NOT_FOUND", 404, "API key not found.")


def api_key_revoked() -> KnownError:
    """Its owner, or a server, has ended it."""
    return KnownError("API_KEY_REVOKED", 401, "API key has been revoked.")


def api_key_expired() -> KnownError:
    """Its time is over."""
    return KnownError("API_KEY_EXPIRED", 401, "API key has expired.")


def wrong_api_key_type(expected: Kind, actual: Kind) -> KnownError:
    """A user's key where a team's is checked, or the reverse."""
    return KnownError(
        "WRONG_API_KEY_TYPE",
        400,
        f"This endpoint is for {expected} API keys, but a {actual} API key was provided.",
        {"expected_type": expected, "actual_type": actual},
    )
