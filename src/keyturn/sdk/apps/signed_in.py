"""Whose session it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.sdk.known_errors import (
    CannotGetOwnUserWithoutUser,
    InvalidAccessToken,
    UserAuthenticationRequired,
)
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.binding import Steps
    from keyturn.sdk.errors import StackApiError
    from keyturn.sdk.session import Session
    from keyturn.sdk.values import Members

_NOBODY: tuple[type[StackApiError], ...] = (
    CannotGetOwnUserWithoutUser,
    InvalidAccessToken,
    UserAuthenticationRequired,
)


def signed_in_user(session: Session[Any]) -> Steps[Members | None]:
    """Return what the server says of the session's user; ``None``: no session, or it has ended."""
    if session.tokens is None:
        return None
    pair = yield from session.tokens.get_or_fetch_likely_valid_tokens(session.api)
    if pair.access_token is None:
        return None
    try:
        return (yield from session.get(at("users", "me")))
    except _NOBODY:
        return None
