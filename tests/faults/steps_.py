"""What people and programs do against a real server, step by step."""

import email
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.faults.racers_ import Send, form
from tests.server.person_ import PASSWORD, VERIFIER, Person, Serving, authorize_path

CLIENT = "keyturn-cli"
REDIRECT = "http://127.0.0.1:49152/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
STACK = {"x-stack-access-type": "client", "x-stack-project-id": "default"}


def stack(
    server: Serving, path: str, body: Any = None, *, method: str = "POST", **headers: str
) -> httpx2.Response:
    """Send one request to the Stack-compatible API; ``refresh_token="..."`` sends that header."""
    named = {f"x-stack-{name.replace('_', '-')}": value for name, value in headers.items()}
    return server.request(method, f"/api/v1{path}", json=body, headers=STACK | named)


def stack_send(port: int, path: str, **body: str) -> Send:
    """Return a request to the Stack-compatible API, for a racer to send."""
    headers = STACK | {"content-type": "application/json"}
    return Send(port=port, path=f"/api/v1{path}", body=json.dumps(body), headers=headers)


def good(answer: httpx2.Response) -> dict[str, Any]:
    """Return the object of a good answer."""
    assert answer.status_code < 300, (answer.status_code, answer.text)
    found: dict[str, Any] = answer.json()
    return found


def guest(server: Serving) -> dict[str, str]:
    """Begin an anonymous session and return its tokens."""
    return good(stack(server, "/auth/anonymous/sign-up", {}))


def cli_attempt(server: Serving, **body: str) -> dict[str, str]:
    """Begin a CLI sign-in and return its codes."""
    return good(stack(server, "/auth/cli", body))


def complete(server: Serving, login_code: str, refresh_token: str) -> httpx2.Response:
    """Approve a CLI sign-in with the session of a refresh token."""
    return stack(
        server, "/auth/cli/complete", {"login_code": login_code, "refresh_token": refresh_token}
    )


def signed_up(server: Serving, email: str) -> Person:
    """Sign somebody up through the pages."""
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=email, password=PASSWORD)
    assert person.page.status_code == 200, person.page.text
    return person


def authorization_code(person: Person) -> str:
    """Approve a program on this computer and return the code it is given."""
    person.open(authorize_path())
    answer = person.press("/cli/decide", decision="approve", follow=False)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def redeem_send(port: int, code: str, verifier: str = VERIFIER) -> Send:
    """Return the request that redeems an authorization code."""
    return form(
        port,
        "/oauth/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT,
        client_id=CLIENT,
        code_verifier=verifier,
    )


def refresh_send(port: int, token: str) -> Send:
    """Return the request that refreshes."""
    return form(
        port, "/oauth/token", grant_type="refresh_token", refresh_token=token, client_id=CLIENT
    )


def revoke_send(port: int, token: str) -> Send:
    """Return the request that ends a family."""
    return form(port, "/oauth/revoke", token=token, client_id=CLIENT)


def device_send(port: int, device_code: str) -> Send:
    """Return the request that polls a device code."""
    return form(
        port, "/oauth/token", grant_type=DEVICE_GRANT, device_code=device_code, client_id=CLIENT
    )


def send(server: Serving, request: Send) -> httpx2.Response:
    """Send one request from here."""
    return server.request(
        request.method, request.path, content=request.body, headers=request.headers
    )


def device(server: Serving) -> dict[str, Any]:
    """Begin a device authorization."""
    return good(server.request("POST", "/oauth/device_authorization", data={"client_id": CLIENT}))


def opened_device(person: Person, user_code: str) -> dict[str, str]:
    """Type a user code and return the fields of the confirm page's form."""
    person.open("/device")
    person.press("/device", user_code=user_code)
    assert person.page.status_code == 200, person.page.text
    found = person.form("/cli/decide")
    found.pop("@action")
    return found


def approve_device(person: Person, user_code: str) -> None:
    """Type a user code and approve what it asks."""
    opened_device(person, user_code)
    assert "signed in" in person.press("/cli/decide", decision="approve").text


def last_mail(data: Path) -> str:
    """Wait for a mail and return the link in the newest."""
    outbox = data / "outbox"
    for _ in range(500):
        if mails := sorted(outbox.glob("*.eml")):
            message = email.message_from_bytes(mails[-1].read_bytes())
            text = message.get_payload(decode=True)
            assert isinstance(text, bytes)
            link = re.search(rb"https?://\S+", text)
            if link is not None:  # written to the end by now
                return link[0].decode()
        time.sleep(0.01)
    raise AssertionError("no mail came")
