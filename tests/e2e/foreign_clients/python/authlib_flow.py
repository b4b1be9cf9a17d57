"""Authlib's client: discovery, registration, code with PKCE, refresh, introspection, revocation."""

from typing import Any

import httpx
from authlib.integrations.httpx_client import OAuth2Client
from common import FACTS, Loopback, tell, typed

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def main() -> None:
    here = Loopback()
    # The client begins where endpoints and credentials are known already.
    server = httpx.get(f"{FACTS['issuer']}/.well-known/oauth-authorization-server").json()
    registered = httpx.post(
        server["registration_endpoint"],
        json={
            "client_name": "Authlib",
            "redirect_uris": [here.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token", DEVICE],
            "token_endpoint_auth_method": "client_secret_basic",
        },
    ).json()
    with OAuth2Client(
        registered["client_id"],
        registered["client_secret"],
        scope=FACTS["scope"],
        redirect_uri=here.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=server["token_endpoint"],
    ) as client:
        flow(client, server, here)


def flow(client: OAuth2Client, server: dict[str, Any], here: Loopback) -> None:
    verifier = "v" * 64
    url, _ = client.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    came_to = here.visit(url)
    first = client.fetch_token(authorization_response=came_to, code_verifier=verifier)
    second = client.refresh_token(server["token_endpoint"], first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    user = client.get(server["userinfo_endpoint"]).raise_for_status().json()
    told = client.introspect_token(server["introspection_endpoint"], second["access_token"]).json()
    assert told["active"] is True
    assert told["sub"] == user["sub"]
    ended = client.revoke_token(server["revocation_endpoint"], second["refresh_token"])
    assert ended.status_code == 200
    told = client.introspect_token(server["introspection_endpoint"], second["access_token"]).json()
    assert told == {"active": False}
    on_a_device(client, server)
    tell(done={"email": user["email"], "sub": user["sub"]})


def on_a_device(client: OAuth2Client, server: dict[str, Any]) -> None:
    # The library polls, and leaves the first request to its caller.
    started = httpx.post(
        server["device_authorization_endpoint"],
        data={"scope": FACTS["scope"]},
        auth=(client.client_id, client.client_secret),
    ).json()
    typed(started["verification_uri"], started["user_code"])
    token = client.fetch_token(grant_type=DEVICE, device_code=started["device_code"])
    assert token["refresh_token"]


main()
