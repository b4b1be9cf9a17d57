"""Whose session it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.sdk.errors import StackSdkError, UserNotSignedIn
from keyturn.sdk.known_errors import (
    CannotGetOwnUserWithoutUser,
    InvalidAccessToken,
    UserAuthenticationRequired,
)
from keyturn.sdk.values import Members, at

if TYPE_CHECKING:
    from keyturn.sdk.binding import Steps
    from keyturn.sdk.session import Session

_NOBODY: tuple[type[StackSdkError], ...] = (
    UserNotSignedIn,
    CannotGetOwnUserWithoutUser,
    InvalidAccessToken,
    UserAuthenticationRequired,
)


def signed_in_user(session: Session[Any]) -> Steps[Members | None]:
    """Return what the server says of the session's user; ``None``: no session, or it has ended."""
    try:
        return Members.of(
            (
                yield from session.api.call(
                    "GET", at("users", "me"), tokens=session.tokens, signed_in=True
                )
            )
        )
    except _NOBODY:
        return None
