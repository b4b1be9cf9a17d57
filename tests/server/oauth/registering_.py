"""What a program sends to register, and how a test sends it."""

from typing import Any

import httpx2

from tests.server.in_process_ import InProcess

INITIAL = "initial access token of acme"
REDIRECT = "http://127.0.0.1/callback"
NATIVE = {
    "client_name": "Acme notes",
    "redirect_uris": [REDIRECT],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


def declared(policy: str, **more: Any) -> dict[str, Any]:
    """Return settings in which the default project has a policy on registration."""
    own = {"id": "default", "display_name": "Acme", "registration": policy}
    if policy == "token":
        own["initial_access_token"] = INITIAL
    return {
        "projects": [own],
        "clients": [{"id": "keyturn-cli", "project": "default"}],
        **more,
    }


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries ``token``."""
    return {"authorization": f"Bearer {token}"}


def post(
    server: InProcess, *, token: str | None = None, ip: str = "5.9.1.7", **changes: Any
) -> httpx2.Response:
    """Register NATIVE with members changed, or left out where they are None."""
    sent = {name: value for name, value in {**NATIVE, **changes}.items() if value is not None}
    headers = bearer(token) if token else {}
    return server.post("/oauth/register", json=sent, headers=headers, ip=ip)


def registered(server: InProcess, **changes: Any) -> dict[str, Any]:
    """Register and return the answer."""
    answer = post(server, **changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def manage(
    server: InProcess, method: str, client: dict[str, Any], body: Any = None, **changes: Any
) -> httpx2.Response:
    """Send a request to the client's own address, with its own token unless ``token`` is given."""
    token = changes.get("token", client["registration_access_token"])
    path = f"/oauth/register/{changes.get('client_id', client['client_id'])}"
    options = {} if body is None else {"json": body}
    return server.request(method, path, headers=bearer(token), **options)
