"""Two issuers and one client at both: every answer names its issuer, nothing of one is worth
anything at the other (RFC 9207, RFC 9700 section 4.4; threat T-5).

The client has the same id, redirect URI and verifier everywhere, and the person the same account:
what the attacker in a mix-up counts on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from pydantic import ValidationError

from keyturn.server.oauth.registration_rules import redirect_uri_is_safe
from keyturn.server.projects.rules import redirect_problem
from keyturn.server.settings import Settings
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import (
    CLIENT,
    approve,
    decide_device,
    poll,
    redeem,
    refresh,
    request_params,
    signed_in,
    start_device,
)
from tests.server.person_ import Person

ISSUERS = {"honest": "http://127.0.0.1:8102", "other": "http://127.0.0.1:8103/auth"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Issuer:
    """One server under its own name, as browsers know it."""

    url: str
    server: InProcess

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request; a form comes from this issuer's own pages."""
        headers = dict(options.pop("headers", {}))
        if "origin" in headers:
            parts = urlsplit(self.url)
            headers["origin"] = f"{parts.scheme}://{parts.netloc}"
        return self.server.request(method, path, headers=headers, **options)

    def browser(self) -> Person:
        """Return a browser that somebody has signed in with."""
        person = Person(self)
        person.cookies["keyturn_session_default"] = self.server.browser(self.server.person())[1]
        return person

    def pressed(self, decision: str, **changes: str | None) -> str:
        """Return where a browser is sent when a button of the confirm page is pressed."""
        person, root = self.browser(), urlsplit(self.url).path
        person.open(f"/oauth/authorize?{urlencode(request_params(**changes))}")
        answer = person.press(
            f"{root}/cli/decide", instead="/cli/decide", follow=False, decision=decision
        )
        return answer.headers["location"]


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Issuer]]:
    """Start both servers."""
    started = {
        name: Issuer(url, InProcess(tmp_path_factory.mktemp(name) / "data", base_url=url))
        for name, url in ISSUERS.items()
    }
    yield started
    for issuer in started.values():
        issuer.server.close()


def named_issuers(location: str) -> list[str]:
    """Return every ``iss`` of an authorization response, wherever it stands."""
    parts = urlsplit(location)
    return [*parse_qs(parts.query).get("iss", []), *parse_qs(parts.fragment).get("iss", [])]


# What a client may ask for wrongly, and what it is told; None leaves a parameter out.
ERRORS: dict[str, dict[str, str | None]] = {
    "no response type": {"response_type": None},
    "implicit": {"response_type": "token"},
    "hybrid": {"response_type": "code id_token"},
    "as a fragment": {"response_mode": "fragment"},
    "as a form": {"response_mode": "form_post"},
    "no challenge": {"code_challenge": None},
    "plain challenge": {"code_challenge_method": "plain"},
    "unknown scope": {"scope": "admin"},
    "unknown resource": {"resource": "https://unknown.example"},
    "request object": {"request": "eyJ"},
    "contradictory prompt": {"prompt": "none login"},
    "silently": {"prompt": "none"},
    "too long a state": {"state": "s" * 3000},
    "no state": {"state": None, "response_type": "token"},
    "somebody else's issuer": {"iss": "https://evil.example", "response_type": "token"},
}


@pytest.mark.proves("T-5", "K-43")
@pytest.mark.parametrize("name", ISSUERS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("error", ERRORS)
def test_every_error_names_the_issuer_that_it_comes_from_once(
    issuers: dict[str, Issuer], name: str, error: str, method: str
) -> None:
    issuer, query = issuers[name], urlencode(request_params(**ERRORS[error]))
    for cookies in ({}, issuer.browser().cookie_header()):
        answer = (
            issuer.request("GET", f"/oauth/authorize?{query}", headers=cookies)
            if method == "GET"
            else issuer.request("POST", "/oauth/authorize", content=query, headers=cookies | FORM)
        )
        location = answer.headers["location"]
        if method == "POST" and error == "silently":  # goes on as a GET
            path = location.removeprefix(urlsplit(issuer.url).path)
            location = issuer.request("GET", path, headers=cookies).headers["location"]
        assert parse_qs(urlsplit(location).query)["error"]
        assert named_issuers(location) == [issuer.url]


@pytest.mark.proves("T-5", "K-43")
@pytest.mark.parametrize("name", ISSUERS)
@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize("extra", [{}, {"iss": "https://evil.example"}, {"state": None}])
def test_every_code_and_denial_names_the_issuer_that_it_comes_from_once(
    issuers: dict[str, Issuer], name: str, decision: str, extra: dict[str, str | None]
) -> None:
    location = issuers[name].pressed(decision, **extra)
    found = parse_qs(urlsplit(location).query)
    assert ("code" in found) == (decision == "approve")
    assert named_issuers(location) == [ISSUERS[name]]


def test_the_metadata_says_so(issuers: dict[str, Issuer]) -> None:
    for issuer in issuers.values():
        found = issuer.request("GET", "/.well-known/oauth-authorization-server").json()
        assert found["issuer"] == issuer.url
        assert found["authorization_response_iss_parameter_supported"] is True


BETWEEN = pytest.mark.parametrize(("here", "there"), list(permutations(ISSUERS)))


@pytest.mark.proves("T-5", "S-21")
@BETWEEN
def test_a_code_carried_to_the_other_issuer_is_refused_and_stays_good(
    issuers: dict[str, Issuer], here: str, there: str
) -> None:
    mine, theirs = issuers[here].server, issuers[there].server
    code = approve(mine, mine.person())
    assert redeem(theirs, code).json()["error"] == "invalid_grant"
    tokens = redeem(mine, code)
    assert tokens.status_code == 200
    # Redeemed by now: to the other issuer it is a stranger's code all the same.
    assert redeem(theirs, code).json()["error"] == "invalid_grant"
    assert refresh(mine, tokens.json()["refresh_token"]).status_code == 200


@pytest.mark.proves("T-5", "S-0a")
@BETWEEN
def test_tokens_of_one_issuer_are_worth_nothing_at_the_other(
    issuers: dict[str, Issuer], here: str, there: str
) -> None:
    mine, theirs = issuers[here].server, issuers[there].server
    tokens = signed_in(mine)
    assert refresh(theirs, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert theirs.get("/oauth/userinfo", headers=bearer).status_code == 401
    for kind in ("access_token", "refresh_token"):
        form = {"client_id": CLIENT, "token": tokens[kind]}
        assert theirs.post("/oauth/introspect", data=form).json() == {"active": False}
        assert theirs.post("/oauth/revoke", data=form).status_code == 200
    assert mine.get("/oauth/userinfo", headers=bearer).status_code == 200
    assert refresh(mine, tokens["refresh_token"]).status_code == 200


@pytest.mark.proves("T-5", "S-23")
@BETWEEN
def test_a_device_code_of_one_issuer_is_unknown_at_the_other(
    issuers: dict[str, Issuer], here: str, there: str
) -> None:
    mine, theirs = issuers[here].server, issuers[there].server
    started = start_device(mine)
    assert decide_device(mine, started["user_code"], mine.person()) == "approved"
    assert poll(theirs, started["device_code"]).json()["error"] == "invalid_grant"
    opened: Callable[..., Any] = theirs.services.devices.open_code
    found = opened(
        started["user_code"], project_id="default", owner=b"o", user_id="u", ip="192.0.2.1"
    )
    assert theirs.run(found) is None
    assert poll(mine, started["device_code"]).status_code == 200


@pytest.mark.proves("T-5", "S-22")
@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "%69ss"])
def test_no_redirect_address_brings_a_part_of_the_answer_along(name: str) -> None:
    uri = f"https://app.example/callback?tenant=1&{name}=https://evil.example"
    assert redirect_problem("https://app.example/callback?tenant=1&issue=2") is None
    assert redirect_problem(uri) is not None
    with pytest.raises(ValidationError):
        Settings.model_validate(
            {
                "projects": [{"id": "default", "display_name": "Acme"}],
                "clients": [{"id": "web", "project": "default", "redirect_uris": [uri]}],
            }
        )
    assert not redirect_uri_is_safe(uri)
