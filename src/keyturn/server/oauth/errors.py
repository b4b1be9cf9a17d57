"""How an OAuth request is refused: a code for programs, a fixed sentence for their authors."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Refused(Exception):
    """An error answer of RFC 6749 section 5.2 and its kin.

    ``description`` is always a constant of this package: what was sent is never given back.
    """

    code: str
    description: str
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


class ClientGone(Exception):
    """Whoever asked has hung up, so nobody may be given anything."""


def invalid_request(description: str) -> Refused:
    """A parameter is missing, repeated or malformed."""
    return Refused("invalid_request", description)


def invalid_grant(description: str) -> Refused:
    """The code or token is of no use any more: sign in again."""
    return Refused("invalid_grant", description)


def invalid_target() -> Refused:
    """The resource is unknown, or not one that was granted (RFC 8707 section 2)."""
    return Refused("invalid_target", "the resource is unknown or was not granted")


def unavailable() -> Refused:
    """Nothing is wrong with the request, and nothing was changed: try again."""
    return Refused(
        "temporarily_unavailable", "try again in a moment", 503, headers={"Retry-After": "1"}
    )
