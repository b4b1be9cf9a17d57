"""A program that sends people to a provider, and the browser that goes there and comes back."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from tests.server.stack.api_ import Api

ADA = "ada@example.com"
HOME = "http://localhost:3000/handler/oauth-callback"
ERRORS = "http://localhost:3000/handler/error?from=oauth"


def answered(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def users(api: Api) -> int:
    """Return how many accounts a project has."""
    return len(api.get("/users", api.secret).json()["items"])


@dataclass
class Program:
    """One sign-in of a program in one browser, as the published package makes it."""

    api: Api
    provider: str = "work"
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def query(self, **changes: str | None) -> dict[str, str]:
        whole = {
            "client_id": self.api.project.id,
            "client_secret": self.api.keys.publishable_client_key,
            "redirect_uri": HOME,
            "scope": "legacy",
            "state": self.state,
            "grant_type": "authorization_code",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "response_type": "code",
            "type": "authenticate",
            "error_redirect_url": ERRORS,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def depart(self, **changes: str | None) -> httpx2.Response:
        """Follow the program's link; the browser keeps the cookie."""
        query = urlencode(self.query(**changes))
        return self._kept(self._get(f"/api/v1/auth/oauth/authorize/{self.provider}?{query}"))

    def visit_provider(self, url: str) -> str:
        """Sign in there, which takes the person no time; return where the browser is sent."""
        answer = httpx2.get(url, timeout=10)
        assert answer.status_code == 302, answer.text
        found: str = answer.headers["location"]
        return found

    def come_back(self, url: str) -> httpx2.Response:
        """Follow the provider's redirect to the callback."""
        parts = urlsplit(url)
        return self._kept(self._get(f"{parts.path}?{parts.query}"))

    def redeem(self, code: str, **changes: str) -> httpx2.Response:
        """Trade the code at the token endpoint, which takes no project headers."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.api.project.id,
            "client_secret": self.api.keys.publishable_client_key,
            "code": code,
            "code_verifier": self.verifier,
            "redirect_uri": HOME,
            **changes,
        }
        return self.api.server.post("/api/v1/auth/oauth/token", data=form)

    def there_and_back(self, **changes: str | None) -> httpx2.Response:
        """Depart, sign in at the provider, and come back."""
        departed = self.depart(**changes)
        assert departed.status_code == 302, departed.text
        return self.come_back(self.visit_provider(departed.headers["location"]))

    def code(self, **changes: str | None) -> str:
        """Return what the program is handed at the end of all redirects."""
        back = self.there_and_back(**changes)
        assert back.status_code == 303, back.text
        told = answered(back.headers["location"])
        assert told.get("state") == self.state, told
        return told["code"]

    def signed_in(self, **changes: str | None) -> dict[str, Any]:
        """Do it all; return the token answer."""
        answer = self.redeem(self.code(**changes))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, **changes: str | None) -> dict[str, str]:
        """Return what the program's error page is told."""
        back = self.there_and_back(**changes)
        assert back.status_code == 303, back.text
        assert back.headers["location"].startswith("http://localhost:3000/handler/error?")
        return answered(back.headers["location"])

    def _get(self, path: str) -> httpx2.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.api.server.get(path, headers={"cookie": cookie} if cookie else {})

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            if "Max-Age=0" in header:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


def me(api: Api, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return whom an access token is of."""
    found: dict[str, Any] = api.get("/users/me", api.with_token(tokens["access_token"])).json()
    return found
