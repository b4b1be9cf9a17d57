"""Acting for a user where the API lets users alone act: with a short session of theirs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from keyturn.protocol.errors import KeyturnError
from keyturn.sdk.session import Session
from keyturn.sdk.token_store import MemoryTokenStore, TokenPair
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.binding import S_co, Steps

T = TypeVar("T")
_TWO_MINUTES = 120_000


def as_user(
    session: Session[S_co], user_id: str, act: Callable[[Session[S_co]], Steps[T]]
) -> Steps[T]:
    """Begin a session of the user (``POST /auth/sessions``), act in it, and end it.

    Raises what ``act`` raises, and:
        UserIdDoesNotExist: nobody has that id.
    """
    body = {"user_id": user_id, "expires_in_millis": _TWO_MINUTES, "is_impersonation": False}
    answer = yield from session.post(at("auth", "sessions"), body)
    tokens = TokenPair(
        access_token=answer.text("access_token"), refresh_token=answer.text("refresh_token")
    )
    theirs = Session(session.form, session.api, MemoryTokenStore(tokens))
    try:
        result = yield from act(theirs)
    except KeyturnError:
        yield from _end(theirs)
        raise
    # Whoever is interrupted can send nothing any more; the session then ends by itself.
    yield from _end(theirs)
    return result


def _end(session: Session[Any]) -> Steps[None]:
    with contextlib.suppress(KeyturnError):
        yield from session.delete(at("auth", "sessions", "current"))
