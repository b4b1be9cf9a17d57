"""Signing in with an account elsewhere: the link, the way back, the exchange for tokens."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from keyturn.net.browser import open_url
from keyturn.net.loopback import CallbackServer
from keyturn.protocol.pkce import challenge_for, new_verifier
from keyturn.protocol.stack import PUBLIC_CLIENT
from keyturn.protocol.wire import form_request
from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.apps.oauth_answers import came_back, read_tokens
from keyturn.sdk.binding import Blocking, S_co, Steps, operation
from keyturn.sdk.errors import OAuthError
from keyturn.sdk.values import at, present

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply
    from keyturn.sdk.token_sources import TokenStoreInit

TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthUrl:
    """A sign-in that has been prepared: open ``url``, keep the rest for ``call_oauth_callback``.

    Attributes:
        url: What to open in a browser.
        state: What comes back with the answer to this link, and to no other.
        code_verifier: What proves that the tokens are asked for by who made the link (RFC 7636).
        redirect_url: Where the answer goes.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_url: str


class OAuthSignIn(BaseApp[S_co], Generic[S_co]):
    """Signing in with an account elsewhere."""

    def get_oauth_url(
        self,
        provider: str,
        *,
        redirect_url: str,
        error_redirect_url: str | None = None,
        scopes: Sequence[str] = (),
        state: str | None = None,
        code_verifier: str | None = None,
    ) -> OAuthUrl:
        """Prepare a sign-in (``GET /auth/oauth/authorize/{provider}``). Nothing is asked yet.

        Args:
            provider: The provider, as the project names it, such as ``github``.
            redirect_url: Where the browser comes back to, on a domain that the project trusts.
            error_redirect_url: Where it comes back to without success; the same where left out.
            scopes: What the provider's tokens have to be good for besides.
            state: What comes back with the answer; made up where left out.
            code_verifier: The secret of PKCE; made up where left out.
        """
        api = self._api.client
        state = state or secrets.token_urlsafe(32)
        verifier = code_verifier or new_verifier(secrets.token_bytes)
        redirect_url = _without_answer(redirect_url)
        query = present(
            client_id=self.project_id,
            client_secret=api.publishable_client_key or PUBLIC_CLIENT,
            redirect_uri=redirect_url,
            scope="legacy",
            state=state,
            grant_type="authorization_code",
            code_challenge=challenge_for(verifier),
            code_challenge_method="S256",
            response_type="code",
            type="authenticate",
            error_redirect_url=error_redirect_url or redirect_url,
            provider_scope=" ".join(scopes) or None,
        )
        url = api.url(at("auth", "oauth", "authorize", provider)) + "?" + urlencode(query)
        return OAuthUrl(url=url, state=state, code_verifier=verifier, redirect_url=redirect_url)

    @operation
    def call_oauth_callback(
        self,
        url: str,
        *,
        code_verifier: str,
        redirect_url: str,
        state: str | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[None]:
        """Finish a sign-in (``POST /auth/oauth/token``) and keep the session's tokens.

        Args:
            url: What the browser came back to, with its query.
            code_verifier: The one of ``get_oauth_url``.
            redirect_url: The one of ``get_oauth_url``.
            state: The one of ``get_oauth_url``. Left out, the caller has compared it: an answer to
                somebody else's link must not sign anybody in.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            OAuthError: somebody said no, or the answer is none: see its ``code``.
            MultiFactorAuthenticationRequired: go on with ``sign_in_with_mfa``.
            StackApiError: the server turned the sign-in away, by its code.
        """
        tokens = self._store_for(token_store)
        tokens.require_writable()
        code = came_back(urlsplit(url).query, state=state)
        client = self._api.client
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_url,
            "code_verifier": code_verifier,
            "client_id": client.project_id,
            "client_secret": client.publishable_client_key or PUBLIC_CLIENT,
        }
        reply: Reply = yield form_request(
            client.url(at("auth", "oauth", "token")), fields, headers=client.headers()
        )
        tokens.sign_in(read_tokens(reply), self._api)

    @operation
    def sign_in_with_oauth(
        self,
        provider: str,
        *,
        scopes: Sequence[str] = (),
        port: int = 0,
        open_browser: Callable[[str], bool] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[None]:
        """Sign in through the system's browser, which comes back to a port of this computer.

        Endpoints: ``GET /auth/oauth/authorize/{provider}``, ``POST /auth/oauth/token``. The
        project has to allow ``http://127.0.0.1`` to come back to (RFC 8252 section 7.3).

        Args:
            provider: The provider, as the project names it, such as ``github``.
            scopes: What the provider's tokens have to be good for besides.
            port: Where to listen, walking on to the next nine when busy; 0: any free port.
            open_browser: Opens a link and returns at once, saying whether it could; the system's
                browser where left out.
            timeout_seconds: How long to wait for the person.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            OAuthError: somebody said no (the provider's code), or ``no_browser``.
            CallbackTimeout: nobody came back in time.
            MultiFactorAuthenticationRequired: go on with ``sign_in_with_mfa``.
        """
        self._store_for(token_store).require_writable()
        opener = open_browser or _system_browser
        given_up = threading.Event()
        try:
            asked, query = yield Blocking(
                lambda: self._browse(provider, scopes, port, opener, timeout_seconds, given_up)
            )
        finally:
            given_up.set()
        yield from OAuthSignIn.call_oauth_callback.steps(
            self,
            f"{asked.redirect_url}?{query}",
            code_verifier=asked.code_verifier,
            redirect_url=asked.redirect_url,
            state=asked.state,
            token_store=token_store,
        )

    def _browse(
        self,
        provider: str,
        scopes: Sequence[str],
        port: int,
        opener: Callable[[str], bool],
        timeout_seconds: float,
        given_up: threading.Event,
    ) -> tuple[OAuthUrl, str]:
        """Open a browser and wait until it comes back; returns the link and the answer's query."""
        clock = self._api.clock
        with CallbackServer(port=port, monotonic=clock.monotonic) as server:
            attempt = secrets.token_urlsafe(16)
            asked = self.get_oauth_url(
                provider,
                redirect_url=server.redirect_uri,
                # Errors come back without our state; this tells them from strangers' pages.
                error_redirect_url=f"{server.redirect_uri}?attempt={attempt}",
                scopes=scopes,
            )
            if not opener(asked.url):
                raise OAuthError("no_browser", "No browser could be opened here.")
            return asked, server.wait(
                lambda query: _ours(query, asked.state, attempt),
                until=clock.monotonic() + timeout_seconds,
                on_tick=lambda: _stop_if(given_up),
            )


def _ours(query: str, state: str, attempt: str) -> str | None:
    """Return the query if it answers our link, and raise if that answer is a no."""
    members = dict(parse_qsl(query))
    is_answer = secrets.compare_digest(members.get("state", "").encode(), state.encode())
    is_failure = secrets.compare_digest(members.get("attempt", "").encode(), attempt.encode())
    if not is_answer and not is_failure:
        return None
    came_back(query, state=None)
    return query if is_answer else None


def _stop_if(given_up: threading.Event) -> None:
    if given_up.is_set():
        raise OAuthError("oauth_cancelled", "Nobody waits for this sign-in any more.")


def _system_browser(url: str) -> bool:
    return open_url(url, os.environ)


def _without_answer(redirect_url: str) -> str:
    """Return the address without parameters that the answer is going to have."""
    parts = urlsplit(redirect_url)
    kept = [each for each in parse_qsl(parts.query) if each[0] not in ("code", "state")]
    return urlunsplit(parts._replace(query=urlencode(kept)))
