"""A relying party with a secret and a web address; its ID tokens are checked by joserfc alone."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from keyturn.protocol.pkce import challenge_for
from keyturn.server.accounts.rules import User
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import PASSWORD, Person

REDIRECT = "https://rp.example.com/cb"
SECRET = "a secret of the relying party"
VERIFIER = "w" * 43
NONCE = "a nonce of this request"
ALL = "openid profile email offline_access"
SETTINGS: dict[str, Any] = {
    "projects": [{"id": "default", "display_name": "Acme"}],
    "clients": [
        {"id": "rp", "project": "default", "secret": SECRET, "redirect_uris": [REDIRECT]},
        {
            "id": "rp-es256",
            "project": "default",
            "secret": SECRET,
            "redirect_uris": [REDIRECT],
            "id_token_signed_response_alg": "ES256",
            "default_max_age": 600,
            "require_auth_time": True,
        },
        {
            "id": "rp-modest",
            "project": "default",
            "secret": SECRET,
            "redirect_uris": [REDIRECT],
            "scopes": ["openid"],
        },
        {"id": "public", "project": "default", "redirect_uris": [REDIRECT]},
    ],
}


def start(data: Path) -> InProcess:
    """Start a server that knows the relying parties."""
    return InProcess(data, **SETTINGS)


class Party:
    """One client: asks, redeems, checks."""

    def __init__(self, server: InProcess, client_id: str = "rp") -> None:
        self.server, self.id = server, client_id
        self.discovery: dict[str, Any] = server.get("/.well-known/openid-configuration").json()

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return an authentication request, with members changed or (None) left out."""
        members: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": REDIRECT,
            "scope": "openid",
            "state": "a state",
            "nonce": NONCE,
            "code_challenge": challenge_for(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in members.items() if value is not None}

    def path(self, **changes: str | None) -> str:
        """Return the address that a browser is sent to."""
        path = urlsplit(self.discovery["authorization_endpoint"]).path
        return f"{path}?{urlencode(self.request(**changes))}"

    def send(self, person: Person, **changes: str | None) -> dict[str, str]:
        """Have a browser open the request; return what comes straight back, {} if a page does."""
        return came_back(person.open(self.path(**changes)))

    def approved(self, person: Person, **changes: str | None) -> dict[str, str]:
        """Have a signed-in person approve the request; return what comes back."""
        person.open(self.path(**changes))
        return came_back(person.press("/cli/decide", decision="approve", follow=False))

    def redeem(self, code: str, *, by_form: bool = False) -> httpx2.Response:
        """Trade a code; the secret goes into the Basic header or the form."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self._token(form, by_form=by_form)

    def refresh(self, token: str) -> dict[str, Any]:
        """Return the answer to a refresh."""
        answer = self._token({"grant_type": "refresh_token", "refresh_token": token})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def tokens(self, person: Person, **changes: str | None) -> dict[str, Any]:
        """Have a person approve the request; return the token answer."""
        answer = self.redeem(self.approved(person, **changes)["code"])
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def claims(self, tokens: dict[str, Any], *, nonce: str | None = NONCE) -> dict[str, Any]:
        """Return what the ID token says, once joserfc finds it good."""
        published = self.server.get(urlsplit(self.discovery["jwks_uri"]).path).json()
        alg = "ES256" if self.id == "rp-es256" else "RS256"
        token = jwt.decode(tokens["id_token"], KeySet.import_key_set(published), algorithms=[alg])
        now = self.server.clock.now // 1000
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": BASE_URL},
            "aud": {"essential": True, "value": self.id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        if nonce is not None:
            wanted["nonce"] = {"essential": True, "value": nonce}
        jwt.JWTClaimsRegistry(now=now, leeway=0, **wanted).validate(token.claims)
        return dict(token.claims)

    def userinfo(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Return what userinfo tells."""
        path = urlsplit(self.discovery["userinfo_endpoint"]).path
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        found: dict[str, Any] = self.server.get(path, headers=bearer).json()
        return found

    def _token(self, form: dict[str, str], *, by_form: bool = False) -> httpx2.Response:
        path = urlsplit(self.discovery["token_endpoint"]).path
        if self.id == "public":
            return self.server.post(path, data={**form, "client_id": self.id})
        if by_form:
            secret = {"client_id": self.id, "client_secret": SECRET}
            return self.server.post(path, data={**form, **secret})
        return self.server.post(path, data=form, auth=(self.id, SECRET))


def came_back(answer: httpx2.Response) -> dict[str, str]:
    """Return the parameters of a redirect to the relying party; {} for anything else."""
    target = answer.headers.get("location", "")
    if not target.startswith(REDIRECT):
        return {}
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def visitor(server: InProcess) -> tuple[Person, User]:
    """Return somebody whose browser is signed in, and their account."""
    person, user = Person(server), server.person()
    person.cookies["keyturn_session_default"] = server.browser(user)[1]
    return person, user


def member(server: InProcess, address: str) -> Person:
    """Return somebody who has signed up with a password."""
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=address, password=PASSWORD)
    return person


def sign_in(person: Person, address: str) -> httpx2.Response:
    """Fill the sign-in form that the person looks at."""
    return person.press("/sign-in", email=address, password=PASSWORD)
