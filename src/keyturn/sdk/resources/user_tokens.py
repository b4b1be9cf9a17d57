"""The session that a user came by: its tokens, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.apps.credentials import end_session
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.token_sources import AUTH_HEADER, auth_header
from keyturn.sdk.token_store import NOBODY, TokenPair

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class CurrentSession(Resource[S_co], Generic[S_co]):
    """The session that a user came by."""

    @operation
    def get_tokens(self) -> Steps[TokenPair]:
        """Return the session's tokens, renewed first where that is due; both ``None``: it ended."""
        return (yield from current_tokens(self._session))


class CurrentSessionOperations(BaseUser[S_co], Generic[S_co]):
    """What a signed-in user can do about the session."""

    @property
    def current_session(self) -> CurrentSession[S_co]:
        """The session that the user came by."""
        return CurrentSession(_session=self._session)

    @operation
    def sign_out(self) -> Steps[None]:
        """End the session at the server (``DELETE /auth/sessions/current``) and forget its tokens.

        Whatever the server says, or if it says nothing, the tokens are forgotten.
        """
        yield from end_session(self._session)

    @operation
    def get_access_token(self) -> Steps[str | None]:
        """Return an access token, renewed first where it is due; ``None``: the session has ended.

        Raises:
            RefreshTransient, ServerUnreachable: it is due, and could not be renewed just now.
        """
        return (yield from current_tokens(self._session)).access_token

    @operation
    def get_refresh_token(self) -> Steps[str | None]:
        """Return the refresh token; ``None``: the session has ended, or it is kept elsewhere."""
        yield from ()
        tokens = self._session.tokens
        return None if tokens is None else tokens.get_stored_refresh_token()

    @operation
    def get_auth_headers(self) -> Steps[dict[str, str]]:
        """Return the header that carries the session to a server that uses this SDK."""
        return {AUTH_HEADER: auth_header((yield from current_tokens(self._session)))}

    @operation
    def get_auth_json(self) -> Steps[dict[str, str | None]]:
        """Return the tokens by name: ``access_token`` and ``refresh_token``."""
        pair = yield from current_tokens(self._session)
        return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}


def current_tokens(session: Session[S_co]) -> Steps[TokenPair]:
    """Return a session's tokens, renewed first where that is due."""
    if session.tokens is None:
        return NOBODY
    return (yield from session.tokens.get_or_fetch_likely_valid_tokens(session.api))
