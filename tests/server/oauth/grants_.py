"""What a program and a browser do in these tests, step by step."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from keyturn.protocol.pkce import challenge_for
from keyturn.server.accounts.rules import User
from keyturn.server.oauth.authorize import AuthorizationRequest
from keyturn.server.sessions.rules import Origin, Session
from tests.server.in_process_ import InProcess

CLIENT = "keyturn-cli"
REDIRECT = "http://127.0.0.1:49152/callback"
VERIFIER = "v" * 43
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
OWNER = b"the browser that opened the code"
BROWSER_ORIGIN = Origin(ip="127.0.0.1", user_agent="Mozilla/5.0")


def request_params(**changes: str | None) -> list[tuple[str, str]]:
    """Return a good authorization request, with members changed or (None) left out."""
    members: dict[str, str | None] = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "state": "a state",
        "code_challenge": challenge_for(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return [(name, value) for name, value in members.items() if value is not None]


def read(server: InProcess, **changes: str | None) -> AuthorizationRequest:
    """Have the server read an authorization request."""
    return server.run(server.services.authorization.read_request(request_params(**changes)))


def answer(url: str) -> dict[str, str]:
    """Return the parameters a redirect URL carries."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def approve(
    server: InProcess, user: User, browser: Session | None = None, **changes: str | None
) -> str:
    """Approve a request as ``user`` and return the code."""
    url = server.run(
        server.services.authorization.issue_code(
            read(server, **changes),
            browser_session=browser or server.browser(user)[0],
            user=user,
            origin=BROWSER_ORIGIN,
        )
    )
    return answer(url)["code"]


def redeem(server: InProcess, code: str, /, **changes: str | None) -> httpx2.Response:
    """Send a code to the token endpoint, with members changed or (None) left out."""
    members: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return server.post("/oauth/token", data=_present(members))


def refresh(server: InProcess, token: str, /, **changes: str | None) -> httpx2.Response:
    """Send a refresh token to the token endpoint."""
    members = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}
    return server.post("/oauth/token", data=_present({**members, **changes}))


def signed_in(server: InProcess, user: User | None = None, **changes: str | None) -> dict[str, Any]:
    """Sign a program in by authorization code and return its token answer."""
    reply = redeem(server, approve(server, user or server.person(), None, **changes))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def start_device(server: InProcess, **members: str) -> dict[str, Any]:
    """Begin a device authorization and return its answer."""
    reply = server.post("/oauth/device_authorization", data={"client_id": CLIENT, **members})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def poll_members(device_code: str, **changes: str | None) -> dict[str, str]:
    """Return the form of one device poll."""
    members = {"grant_type": DEVICE_GRANT, "device_code": device_code, "client_id": CLIENT}
    return _present({**members, **changes})


def poll(server: InProcess, device_code: str, **changes: str | None) -> httpx2.Response:
    """Poll once, without waiting."""
    return server.post("/oauth/token", data=poll_members(device_code, **changes))


def decide_device(
    server: InProcess,
    user_code: str,
    user: User,
    *,
    approve: bool = True,
    browser: Session | None = None,
    owner: bytes = OWNER,
) -> str:
    """Open a code and decide it; return the outcome's kind."""
    devices = server.services.devices
    opened = server.run(
        devices.open_code(
            user_code, project_id="default", owner=owner, user_id=user.id, ip="127.0.0.1"
        )
    )
    assert opened is not None
    outcome = server.run(
        devices.decide(
            opened.id,
            owner=owner,
            approve=approve,
            browser_session=browser or server.browser(user)[0],
            user=user,
        )
    )
    return outcome.kind


def _present(members: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
