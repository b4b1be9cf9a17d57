"""The authorization request (RFC 6749 section 4.1.1): read, judge, answer by redirect.

Nothing here approves anything: the pages do, with a POST bound to a signed-in session, and then ask
for the code. A bad client or redirect URI is never answered by a redirect, whatever else is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from keyturn.protocol.codes import AUTHORIZATION_CODE_PREFIX
from keyturn.server.oauth import rules, store
from keyturn.server.oauth.resources import UnknownResource
from keyturn.server.projects.rules import LOOPBACK_HOSTS, Client, allowed_redirect
from keyturn.server.secret import new_token
from keyturn.server.sessions.rules import Origin, claimed

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.projects.service import Projects
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Storage, Work

_UNSUPPORTED = {  # OpenID Connect Core section 3.1.2.6
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks a person for. Every part has been checked."""

    client: Client
    redirect_uri: str
    state: str | None = field(repr=False)
    scope: str
    resource: tuple[str, ...]
    code_challenge: str
    nonce: str | None = field(repr=False)
    prompts: frozenset[str]
    login_hint: str | None
    host_name: str | None
    system: str | None
    program: str | None

    @property
    def silent(self) -> bool:
        """Whether the client wants an answer without showing anything (``prompt=none``)."""
        return "none" in self.prompts

    @property
    def redirect_origin(self) -> str:
        """Scheme, host and port of the redirect URI, as a Content-Security-Policy names it."""
        parts = urlsplit(self.redirect_uri)
        if not parts.netloc:
            return f"{parts.scheme}:"  # an app's own scheme (RFC 8252 section 7.1)
        if parts.scheme == "http" and parts.port is None:
            return f"http://{parts.netloc.lower()}:80"  # the policy's loopback names a port
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @property
    def loopback_port(self) -> int | None:
        """The port of this computer that the answer goes to; ``None`` for a web address."""
        parts = urlsplit(self.redirect_uri)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK_HOSTS:
            return None
        return parts.port or 80

    @property
    def answer_goes_to(self) -> str | None:
        """The host or the app's scheme that the answer leaves this computer's browser for."""
        parts = urlsplit(self.redirect_uri)
        if self.loopback_port is not None:
            return None
        return parts.netloc.lower() or f"{parts.scheme}:"

    def as_query(self) -> str:
        """Return a query that ``read_request`` reads as this same request."""
        members = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "scope": self.scope,
            "resource": self.resource,
            "code_challenge": self.code_challenge,
            "code_challenge_method": "S256",
            "nonce": self.nonce,
            "prompt": " ".join(sorted(self.prompts)),
            "login_hint": self.login_hint,
            "host_name": self.host_name,
            "system": self.system,
            "program": self.program,
        }
        given = {name: value for name, value in members.items() if value}
        return urlencode(given, doseq=True)


class Authorization:
    """Reads authorization requests and issues the codes that answer them."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        projects: Projects,
        resources: Resources,
        *,
        issuer: str,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._projects, self._resources, self._issuer = projects, resources, issuer

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
            return _checked(asked, client, redirect_uri, state, found)
        except UnknownResource:
            code, why = "invalid_target", "no such resource for this client"
        except _Refused as refused:
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

    def silent_url(self, request: AuthorizationRequest, *, signed_in: bool) -> str:
        """Return the answer to ``prompt=none``: nothing is ever approved without being shown."""
        code = "consent_required" if signed_in else "login_required"
        why = "nothing is approved without being shown"
        return self._error_url(request.redirect_uri, request.state, code, why)

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


class _Refused(Exception):
    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


def _only(pairs: list[tuple[str, str]], name: str) -> str | None:
    """Return a parameter that comes once; given twice it counts as missing."""
    values = [value for found, value in pairs if found == name]
    value = values[0] if len(values) == 1 else ""
    return value if value and "\x00" not in value else None


def _checked(
    asked: dict[str, str],
    client: Client,
    redirect_uri: str,
    state: str | None,
    resource: tuple[str, ...],
) -> AuthorizationRequest:
    if "state" in asked and state is None:
        raise _Refused("invalid_request", "the state is too long")
    _check_response(asked, client)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=state,
        scope=rules.granted_scope(asked.get("scope"), client.scopes),
        resource=resource,
        code_challenge=_challenge(asked),
        nonce=asked.get("nonce"),
        prompts=rules.prompts(asked.get("prompt")),
        login_hint=asked.get("login_hint"),
        host_name=claimed(asked.get("host_name")),
        system=claimed(asked.get("system")),
        program=claimed(asked.get("program")),
    )


def _check_response(asked: dict[str, str], client: Client) -> None:
    for name, code in _UNSUPPORTED.items():
        if name in asked:
            raise _Refused(code, "that parameter is not supported")
    kind = asked.get("response_type")
    if kind != "code":
        wrong = "invalid_request" if kind is None else "unsupported_response_type"
        raise _Refused(wrong, "the response_type must be code")
    if not client.may("authorization_code"):
        raise _Refused("unauthorized_client", "this client may not use authorization codes")
    # Codes never go into a fragment or a form: a program listens for a plain GET.
    if asked.get("response_mode", "query") != "query":
        raise _Refused("invalid_request", "the response_mode must be query")


def _challenge(asked: dict[str, str]) -> str:
    # Absent means "plain" (RFC 7636 section 4.3), which this server does not take.
    challenge = asked.get("code_challenge", "")
    if asked.get("code_challenge_method") != "S256" or not rules.is_challenge(challenge):
        raise _Refused("invalid_request", "a code_challenge with method S256 is required")
    return challenge
