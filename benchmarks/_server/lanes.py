"""What our own server is sent, for the load generator."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _server.processes import Server

CLIENT = "keyturn-cli"
PROJECT = "default"
DEVICE = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
FORM = {"Host": "127.0.0.1", "Content-Type": "application/x-www-form-urlencoded"}
STACK = {
    "Host": "127.0.0.1",
    "Content-Type": "application/json",
    "x-stack-access-type": "client",
    "x-stack-project-id": PROJECT,
}
_PASSWORD = "correct horse battery"
_PEOPLE = 64

Lane = dict[str, Any]


def refresh(tokens: Sequence[str]) -> Lane:
    """Refresh with rotation."""
    return {
        "path": "/oauth/token",
        "headers": FORM,
        "body": f"grant_type=refresh_token&client_id={CLIENT}&refresh_token={{token}}",
        "tokens": list(tokens),
        "status": 200,
        "holds": '"access_token"',
        "taken_from": '"refresh_token":"([^"]+)"',
        "collects": '"access_token":"([^"]+)"',
    }


def device_poll(codes: Sequence[str]) -> Lane:
    """Poll the device grant; each code at its pace, so there must be enough of them."""
    return {
        "path": "/oauth/token",
        "headers": FORM,
        "body": f"grant_type={DEVICE}&client_id={CLIENT}&device_code={{token}}",
        "tokens": list(codes),
        "status": 400,
        "holds": '"authorization_pending"',
    }


def stack_poll(codes: Sequence[str]) -> Lane:
    """Poll the sign-in of the Stack-compatible API."""
    return {
        "path": "/api/v1/auth/cli/poll",
        "headers": STACK,
        "body": '{"polling_code":"{token}"}',
        "tokens": list(codes),
        "status": 200,
        "holds": '"waiting"',
    }


def introspect(tokens: Sequence[str]) -> Lane:
    """Ask what an access token is worth."""
    return {
        "path": "/oauth/introspect",
        "headers": FORM,
        "body": f"client_id={CLIENT}&token={{token}}",
        "tokens": list(tokens),
        "status": 200,
        "holds": '"active":true',
    }


def sign_in(server: Server) -> Lane:
    """Sign in with a password, as people who have signed up now, each from another address."""
    addresses = [f"192.0.2.{number}" for number in range(1, _PEOPLE + 1)]
    for address in addresses:
        email = f"{address}@example.com"
        stack_post(server, "/auth/password/sign-up", email=email, password=_PASSWORD)
    return {
        "path": "/api/v1/auth/password/sign-in",
        # One address would meet the limit on guesses, which no setting lifts.
        "headers": {**STACK, "X-Forwarded-For": "{token}"},
        "body": f'{{"email":"{{token}}@example.com","password":"{_PASSWORD}"}}',
        "tokens": addresses,
        "status": 200,
        "holds": '"access_token"',
    }


def stack_post(server: Server, path: str, **body: object) -> dict[str, Any]:
    """Send one request to the Stack-compatible API and return its answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/v1{path}", json.dumps(body).encode(), STACK
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        answer: dict[str, Any] = json.loads(reply.read())
    return answer
