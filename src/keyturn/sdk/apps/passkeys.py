"""Signing in with a passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.apps.credentials import begin_session
from keyturn.sdk.binding import Blocking, S_co, Steps, operation
from keyturn.sdk.passkeys import Authenticator, request_options
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.token_sources import TokenStoreInit


class PasskeySignIn(BaseApp[S_co], Generic[S_co]):
    """Signing in with a passkey."""

    @operation
    def sign_in_with_passkey(
        self,
        *,
        authenticator: Authenticator,
        hostname: str,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[None]:
        """Sign in with a passkey and keep the session's tokens.

        Endpoints: ``POST /auth/passkey/initiate-passkey-authentication``, ``POST
        /auth/passkey/sign-in``.

        Args:
            authenticator: What has the passkey.
            hostname: The host that it is for, such as ``app.example.com``.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            PasskeyAuthenticationFailed: the passkey was not accepted.
            PasskeyAuthenticationNotEnabled: the project does not sign in with passkeys.
            MultiFactorAuthenticationRequired: go on with ``sign_in_with_mfa``.
        """
        session, tokens = self._as_project, self._store_for(token_store)
        tokens.require_writable()
        path = at("auth", "passkey", "initiate-passkey-authentication")
        started = yield from session.post(path)
        options = request_options(started, hostname)
        answered = yield Blocking(lambda: authenticator.get(options))
        body = {"authentication_response": dict(answered), "code": started.text("code")}
        yield from begin_session(session, tokens, at("auth", "passkey", "sign-in"), body)
