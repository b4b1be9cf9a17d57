"""Signing in, up and out with an e-mail address and a password."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Generic

from keyturn.protocol.errors import KeyturnError, SignInRequired
from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import Blocking, S_co, Steps, operation
from keyturn.sdk.known_errors import RedirectUrlNotWhitelisted
from keyturn.sdk.token_store import SourcedTokenStore, TokenPair, TokenStore
from keyturn.sdk.values import Members, at, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session
    from keyturn.sdk.token_sources import TokenStoreInit

_log = logging.getLogger("keyturn.sdk")


class CredentialOperations(BaseApp[S_co], Generic[S_co]):
    """Signing in, up and out."""

    @operation
    def sign_in_with_credential(
        self, *, email: str, password: str, token_store: TokenStoreInit | None = None
    ) -> Steps[None]:
        """Sign in (``POST /auth/password/sign-in``) and keep the session's tokens.

        Args:
            email: The address of the account.
            password: Its password.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            EmailPasswordMismatch: the address or the password is wrong.
            MultiFactorAuthenticationRequired: go on with ``sign_in_with_mfa``.
        """
        yield from self._begin(
            at("auth", "password", "sign-in"),
            {"email": email, "password": password},
            token_store,
        )

    @operation
    def sign_up_with_credential(
        self,
        *,
        email: str,
        password: str,
        verification_callback_url: str | None = None,
        no_verification_callback: bool = False,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[None]:
        """Make an account (``POST /auth/password/sign-up``) and keep its first session's tokens.

        Args:
            email: The address of the new account.
            password: Its password.
            verification_callback_url: Where the mailed link leads; an address the project does not
                trust is left out rather than standing in the way.
            no_verification_callback: Send no such mail.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            ValueError: both a URL and none were asked for.
            UserEmailAlreadyExists: somebody uses that address.
            PasswordRequirementsNotMet: the project does not take that password.
            SignUpNotEnabled: the project takes no new accounts.
        """
        if no_verification_callback and verification_callback_url is not None:
            raise ValueError("give verification_callback_url= or no_verification_callback=True")
        path, account = at("auth", "password", "sign-up"), {"email": email, "password": password}
        url = present(verification_callback_url=verification_callback_url)
        try:
            yield from self._begin(path, {**account, **url}, token_store)
        except RedirectUrlNotWhitelisted:
            if not url:
                raise
            _log.warning("the project does not trust the verification URL; signing up without it")
            yield from self._begin(path, account, token_store)

    @operation
    def sign_out(self, *, token_store: TokenStoreInit | None = None) -> Steps[None]:
        """End the session at the server (``DELETE /auth/sessions/current``) and forget its tokens.

        Whatever the server says, or if it says nothing, the tokens are forgotten.

        Args:
            token_store: Whose session; the app's own where left out.
        """
        yield from end_session(self._as_user(token_store))

    def _begin(
        self, path: str, body: dict[str, Any], token_store: TokenStoreInit | None
    ) -> Steps[Members]:
        """Sign in at ``path`` and keep the tokens; returns the whole answer."""
        return begin_session(self._as_project, self._store_for(token_store), path, body)


def begin_session(
    session: Session[Any], tokens: TokenStore, path: str, body: dict[str, Any]
) -> Steps[Members]:
    """Have a session begun at ``path`` and keep its tokens; returns the whole answer."""
    tokens.require_writable()
    answer = yield from session.post(path, body)
    tokens.sign_in(_tokens_of(answer), session.api)
    return answer


def begin_anonymous_session(session: Session[Any], tokens: TokenStore) -> Steps[None]:
    """Have a session without a person begun, and keep it unless somebody came first.

    Of two that do so at once, both then go on with the one session that was kept.
    """
    tokens.require_writable()
    before = tokens.get_stored_refresh_token()
    answer = yield from session.post(at("auth", "anonymous", "sign-up"))
    pair = _tokens_of(answer)
    tokens.compare_and_set(before, pair.refresh_token, pair.access_token)


def _tokens_of(answer: Members) -> TokenPair:
    return TokenPair(
        access_token=answer.text("access_token"), refresh_token=answer.text("refresh_token")
    )


def end_session(session: Session[Any]) -> Steps[None]:
    """End the session at the server, if that can be done, and forget its tokens."""
    tokens = session.tokens
    if isinstance(tokens, SourcedTokenStore):
        with contextlib.suppress(SignInRequired):
            yield Blocking(tokens.source.logout)
    elif tokens is not None:
        ended = tokens.get_stored_refresh_token()
        try:
            pair = yield from tokens.get_or_fetch_likely_valid_tokens(session.api)
            if pair.access_token is not None:
                ended = pair.refresh_token
                yield from session.delete(at("auth", "sessions", "current"))
        except KeyturnError:
            pass  # It may have ended long ago; who signs out wants to be out.
        finally:
            tokens.forget(ended)
