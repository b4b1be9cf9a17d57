"""What an authorization request says (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from keyturn.server.oauth import rules
from keyturn.server.oauth.claims import ClaimsRequest, Unmet, read_claims
from keyturn.server.projects.rules import LOOPBACK_HOSTS, Client
from keyturn.server.sessions.rules import claimed

# Our own parameter, on the way between our own pages. Whoever sets it can only ask for more.
SINCE = "authenticated_since"
LONGEST_NUMBER = 15
_UNSUPPORTED = {  # OpenID Connect Core section 3.1.2.6
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks a person for. Every part has been checked.

    Attributes:
        max_age: The most seconds since the person signed in (OpenID Connect Core 3.1.2.1).
        authenticated_since: Ours: what ``prompt=login`` and ``max_age`` become on the way to the
            sign-in page, the instant from when on a sign-in is fresh enough. Milliseconds since
            1970.
    """

    client: Client
    redirect_uri: str
    state: str | None = field(repr=False)
    scope: str
    resource: tuple[str, ...]
    code_challenge: str
    nonce: str | None = field(repr=False)
    prompts: frozenset[str]
    claims: ClaimsRequest
    max_age: int | None
    authenticated_since: int | None
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

    @property
    def told(self) -> str:
        """The scope as a page tells it: with what single claims give away."""
        granted = self.scope.split()
        return " ".join([*granted, *sorted(self.claims.scopes - set(granted))])

    @property
    def wants_fresh(self) -> bool:
        """Whether it matters when the person has signed in."""
        return "login" in self.prompts or self.max_age is not None

    def after_sign_in(self, *, now: int) -> AuthorizationRequest:
        """Return the request as it goes on once the person has signed in, at ``now`` or later."""
        return replace(
            self, prompts=self.prompts - {"login"}, max_age=None, authenticated_since=now
        )

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
            "claims": self.claims.as_json(),
            "max_age": None if self.max_age is None else str(self.max_age),
            SINCE: None if self.authenticated_since is None else str(self.authenticated_since),
            "login_hint": self.login_hint,
            "host_name": self.host_name,
            "system": self.system,
            "program": self.program,
        }
        given = {name: value for name, value in members.items() if value}
        return urlencode(given, doseq=True)


class NotGranted(Exception):
    """The client cannot have this; ``code`` and ``description`` tell it so."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code: str = code
        self.description: str = description


def checked_request(
    asked: dict[str, str],
    client: Client,
    redirect_uri: str,
    state: str | None,
    resource: tuple[str, ...],
    subject: str | None,
) -> AuthorizationRequest:
    """Return what is asked for, once client and redirect URI are known to be good.

    Args:
        asked: The parameters, each once.
        client: Who asks.
        redirect_uri: One of the client's own.
        state: As it came; ``None`` where it is missing or too long.
        resource: What the tokens are for.
        subject: Whom an ``id_token_hint`` names.

    Raises:
        NotGranted, Malformed, ScopeRefused: to be told to the client.
    """
    if "state" in asked and state is None:
        raise NotGranted("invalid_request", "the state is too long")
    _check_response(asked, client)
    scope = rules.granted_scope(asked.get("scope"), client.scopes)
    since = _number(asked, SINCE)
    max_age = _number(asked, "max_age")
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=state,
        scope=scope,
        resource=resource,
        code_challenge=_challenge(asked),
        nonce=asked.get("nonce"),
        prompts=rules.prompts(asked.get("prompt")),
        claims=_claims(asked, scope, client, subject),
        max_age=client.default_max_age if max_age is None and since is None else max_age,
        authenticated_since=since,
        login_hint=asked.get("login_hint"),
        host_name=claimed(asked.get("host_name")),
        system=claimed(asked.get("system")),
        program=claimed(asked.get("program")),
    )


def _check_response(asked: dict[str, str], client: Client) -> None:
    for name, code in _UNSUPPORTED.items():
        if name in asked:
            raise NotGranted(code, "that parameter is not supported")
    kind = asked.get("response_type")
    if kind != "code":
        wrong = "invalid_request" if kind is None else "unsupported_response_type"
        raise NotGranted(wrong, "the response_type must be code")
    if not client.may("authorization_code"):
        raise NotGranted("unauthorized_client", "this client may not use authorization codes")
    # Codes never go into a fragment or a form: a program listens for a plain GET.
    if asked.get("response_mode", "query") != "query":
        raise NotGranted("invalid_request", "the response_mode must be query")


def _challenge(asked: dict[str, str]) -> str:
    # Absent means "plain" (RFC 7636 section 4.3), which this server does not take.
    challenge = asked.get("code_challenge", "")
    if asked.get("code_challenge_method") != "S256" or not rules.is_challenge(challenge):
        raise NotGranted("invalid_request", "a code_challenge with method S256 is required")
    return challenge


def _claims(
    asked: dict[str, str], scope: str, client: Client, subject: str | None
) -> ClaimsRequest:
    is_openid = "openid" in scope.split()
    try:
        # Without openid this is no OpenID request: nothing more is told, but who is meant counts.
        found = read_claims(asked.get("claims"), scopes=client.scopes if is_openid else ())
    except Unmet:
        raise NotGranted(
            "unmet_authentication_requirements", "that class of authentication is not done here"
        ) from None
    if subject is not None and found.subject not in (None, subject):
        raise NotGranted("invalid_request", "hint and claims name two subjects")
    return replace(
        found,
        acr=is_openid and (found.acr or "acr_values" in asked),
        subject=found.subject or subject,
    )


def _number(asked: dict[str, str], name: str) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise NotGranted("invalid_request", "a number of seconds is none")
    return int(text)
