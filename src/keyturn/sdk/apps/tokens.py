"""The session's tokens, as another program or another server needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.token_sources import AUTH_HEADER, TokenStoreInit, auth_header

if TYPE_CHECKING:
    from keyturn.sdk.token_store import TokenPair


class TokenOperations(BaseApp[S_co], Generic[S_co]):
    """Reading the tokens of the session."""

    @operation
    def get_access_token(self, *, token_store: TokenStoreInit | None = None) -> Steps[str | None]:
        """Return an access token, renewed first where it is due; ``None``: nobody is signed in.

        Args:
            token_store: Whose; the app's own where left out.

        Raises:
            RefreshTransient, ServerUnreachable: it is due, and could not be renewed just now.
        """
        return (yield from self._tokens_of(token_store)).access_token

    @operation
    def get_refresh_token(self, *, token_store: TokenStoreInit | None = None) -> Steps[str | None]:
        """Return the refresh token; ``None``: nobody is signed in, or it is kept elsewhere.

        Args:
            token_store: Whose; the app's own where left out.
        """
        yield from ()
        return self._store_for(token_store).get_stored_refresh_token()

    @operation
    def get_auth_headers(
        self, *, token_store: TokenStoreInit | None = None
    ) -> Steps[dict[str, str]]:
        """Return the header that carries the session to a server that uses this SDK.

        That server gives its request as ``token_store=``. Both tokens travel in it.

        Args:
            token_store: Whose; the app's own where left out.
        """
        return {AUTH_HEADER: auth_header((yield from self._tokens_of(token_store)))}

    def _tokens_of(self, token_store: TokenStoreInit | None) -> Steps[TokenPair]:
        return self._store_for(token_store).get_or_fetch_likely_valid_tokens(self._api)
