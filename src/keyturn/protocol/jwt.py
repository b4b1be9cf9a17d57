"""Looking into a JSON Web Token that its issuer handed us directly.

Nothing here verifies a signature, so nothing here may decide whom to trust. An OAuth access token
is opaque to its client (RFC 6749 section 1.4): what a look inside tells is used where the
server's answer is silent, and never required.
"""

from __future__ import annotations

import base64
import json
from typing import Any

_MAX_LENGTH = 64 * 1024


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of ``token`` (RFC 7519), or ``{}`` where it is no JWT we can read."""
    return _part(token, 1)


def unverified_header(token: str) -> dict[str, Any]:
    """Return the header of ``token`` (RFC 7515 section 4), or ``{}`` alike."""
    return _part(token, 0)


def _part(token: str, number: int) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _MAX_LENGTH:
        return {}
    try:
        content = base64.urlsafe_b64decode(parts[number] + "=" * (-len(parts[number]) % 4))
        members = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def numeric_date(claims: dict[str, Any], name: str) -> float | None:
    """Return a NumericDate claim in epoch seconds (RFC 7519 section 2), or ``None``."""
    return finite_number(claims.get(name))


def finite_number(value: object) -> float | None:
    """Return ``value`` as a number if it is one that a clock could show, else ``None``.

    Strings of digits count: servers are known to send ``"expires_in": "3600"``.
    """
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e13 else None
