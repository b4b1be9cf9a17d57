"""The authorization request (RFC 6749 section 4.1.1): read, judge, answer by redirect.

Nothing here approves anything: the pages do, with a POST bound to a signed-in session, and then ask
for the code. A bad client or redirect URI is never answered by a redirect, whatever else is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.protocol.codes import AUTHORIZATION_CODE_PREFIX
from keyturn.server.oauth import consents, rules, store
from keyturn.server.oauth.asked import AuthorizationRequest, NotGranted, checked_request
from keyturn.server.oauth.openid import sign_in_needed
from keyturn.server.oauth.resources import UnknownResource
from keyturn.server.projects.rules import allowed_redirect
from keyturn.server.secret import new_token
from keyturn.server.sessions.rules import Origin

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.id_token import IdTokens
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.projects.rules import Client
    from keyturn.server.projects.service import Projects
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Storage, Work


@dataclass(eq=False)
class BadClient(Exception):
    """No such client: show a page, never redirect (RFC 6749 section 4.1.2.1)."""

    client_id: str | None


@dataclass(eq=False)
class BadRedirect(Exception):
    """Not a redirect URI of this client: show a page, never redirect."""

    client_id: str
    redirect_uri: str | None


@dataclass(eq=False)
class RedirectableError(Exception):
    """The client asked for something it cannot have; ``url`` tells it so."""

    url: str = field(repr=False)
    code: str


class Authorization:
    """Reads authorization requests and issues the codes that answer them."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        projects: Projects,
        resources: Resources,
        id_tokens: IdTokens,
        *,
        issuer: str,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._projects, self._resources, self._issuer = projects, resources, issuer
        self._id_tokens = id_tokens

    async def read_request(self, params: Iterable[tuple[str, str]]) -> AuthorizationRequest:
        """Check an authorization request; ``params`` are its pairs as they came.

        Raises:
            BadClient, BadRedirect: show a page.
            RedirectableError: redirect to its ``url``, with 303.
        """
        pairs = list(params)
        client = await self._client(_only(pairs, "client_id"))
        redirect_uri = _only(pairs, "redirect_uri")
        if (
            redirect_uri is None
            or len(redirect_uri) > rules.LONGEST_REDIRECT_URI
            or not allowed_redirect(client, redirect_uri)
        ):
            raise BadRedirect(client.id, redirect_uri)
        state = _only(pairs, "state")
        if state is not None and len(state) > rules.LONGEST_STATE:
            state = None
        try:
            asked = rules.single(pairs)
            found = self._resources.granted(rules.repeated(asked, "resource"), client)
            subject = await self._hinted(asked.get("id_token_hint"), client)
            return checked_request(asked, client, redirect_uri, state, found, subject)
        except UnknownResource:
            code, why = "invalid_target", "no such resource for this client"
        except NotGranted as refused:
            code, why = refused.code, refused.description
        except rules.Malformed as malformed:
            code, why = "invalid_request", str(malformed)
        except rules.ScopeRefused:
            code, why = "invalid_scope", "this client may have none of the scopes asked for"
        raise RedirectableError(self._error_url(redirect_uri, state, code, why), code)

    async def issue_code(
        self,
        request: AuthorizationRequest,
        *,
        browser_session: Session,
        user: User,
        origin: Origin,
    ) -> str:
        """Return the redirect URL with a fresh code, bound to everything that was asked for.

        Call it only for a decision that ``browser_session``'s person has just made.
        """
        return await self._storage.write(
            self.issue_code_work,
            request,
            browser_session=browser_session,
            user=user,
            origin=origin,
            now=self._clock.now_ms(),
        )

    def issue_code_work(
        self,
        request: AuthorizationRequest,
        *,
        browser_session: Session,
        user: User,
        origin: Origin,
        now: int,
    ) -> Work[str]:
        """Issue a code inside another transaction: the one that uses up the form's token."""
        code = new_token(AUTHORIZATION_CODE_PREFIX)
        yield from store.insert_code(
            self._secret.hash("authorization code", code),
            client_id=request.client.id,
            project_id=request.client.project_id,
            user_id=user.id,
            approved_by=browser_session.id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            scope=request.scope,
            resource=" ".join(request.resource) or None,
            nonce=request.nonce,
            claims=request.claims.as_json(),
            authenticated_at=browser_session.authenticated_at,
            origin=Origin(
                ip=origin.ip,
                user_agent=origin.user_agent,
                host_name=request.host_name,
                system=request.system,
                program=request.program,
            ),
            now=now,
            expires_at=now + rules.CODE_SECONDS * 1000,
        )
        return self._answer_url(request.redirect_uri, request.state, {"code": code})

    def denied_url(self, request: AuthorizationRequest) -> str:
        """Return the redirect URL that says the person declined."""
        why = "the request was declined"
        return self._error_url(request.redirect_uri, request.state, "access_denied", why)

    async def answer_silently(
        self,
        request: AuthorizationRequest,
        *,
        browser_session: Session | None,
        user: User | None,
        origin: Origin,
    ) -> str:
        """Return the answer to ``prompt=none``: an error, or a code for what was approved before.

        Only a client that keeps a secret gets one, and only for what this person has approved for
        it on a page and not taken back.
        """
        now = self._clock.now_ms()
        if browser_session is None or user is None:
            return self.login_required_url(request)
        if sign_in_needed(request, browser_session, now=now) is not None:
            return self.login_required_url(request)
        return await self._storage.write(
            self._answer_silently_work, request, browser_session, user, origin, now
        )

    def _answer_silently_work(
        self,
        request: AuthorizationRequest,
        browser_session: Session,
        user: User,
        origin: Origin,
        now: int,
    ) -> Work[str]:
        if not (yield from consents.covers(request, user_id=user.id)):
            why = "nothing is approved without being shown"
            return self._error_url(request.redirect_uri, request.state, "consent_required", why)
        return (
            yield from self.issue_code_work(
                request, browser_session=browser_session, user=user, origin=origin, now=now
            )
        )

    def login_required_url(self, request: AuthorizationRequest) -> str:
        """Return the redirect URL that says: nobody is signed in, or not as it was asked."""
        why = "nobody is signed in as the request needs it"
        return self._error_url(request.redirect_uri, request.state, "login_required", why)

    async def _hinted(self, hint: str | None, client: Client) -> str | None:
        if hint is None:
            return None
        subject = await self._id_tokens.subject_of_hint(hint, client)
        if subject is None:
            raise NotGranted("invalid_request", "the id_token_hint is no ID token of this client")
        return subject

    async def _client(self, client_id: str | None) -> Client:
        if client_id is None or len(client_id) > rules.LONGEST_CLIENT_ID:
            raise BadClient(client_id)
        client = await self._projects.client(client_id)
        if client is None:
            raise BadClient(client_id)
        return client

    def _error_url(self, redirect_uri: str, state: str | None, code: str, why: str) -> str:
        return self._answer_url(redirect_uri, state, {"error": code, "error_description": why})

    def _answer_url(self, redirect_uri: str, state: str | None, answer: dict[str, str]) -> str:
        if state is not None:
            answer = {**answer, "state": state}
        # RFC 9207: the client can tell which of its issuers has answered.
        query = urlencode({**answer, "iss": self._issuer})
        return redirect_uri + ("&" if "?" in redirect_uri else "?") + query


def _only(pairs: list[tuple[str, str]], name: str) -> str | None:
    """Return a parameter that comes once; given twice it counts as missing."""
    values = [value for found, value in pairs if found == name]
    value = values[0] if len(values) == 1 else ""
    return value if value and "\x00" not in value else None


__all__ = [
    "Authorization",
    "AuthorizationRequest",
    "BadClient",
    "BadRedirect",
    "RedirectableError",
]
