"""requests-oauth2client: discovery, code with PKCE and iss, refresh, introspection, device."""

import requests
from common import FACTS, Loopback, tell, typed
from requests_oauth2client import ClientSecretPost, OAuth2Client

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def main() -> None:
    here = Loopback()
    well_known = f"{FACTS['issuer']}/.well-known/oauth-authorization-server"
    server = requests.get(well_known, timeout=10).json()
    registered = requests.post(
        server["registration_endpoint"],
        json={
            "client_name": "requests-oauth2client",
            "redirect_uris": [here.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token", DEVICE],
            "token_endpoint_auth_method": "client_secret_post",
        },
        timeout=10,
    ).json()
    client = OAuth2Client.from_discovery_document(
        server,
        issuer=FACTS["issuer"],
        auth=ClientSecretPost(registered["client_id"], registered["client_secret"]),
        redirect_uri=here.redirect_uri,
        authorization_server_jwks=requests.get(server["jwks_uri"], timeout=10).json(),
        device_authorization_endpoint=server["device_authorization_endpoint"],
        testing=True,  # http on loopback
    )
    flow(client, here)  # not under `with`: its exit swallows whatever went wrong


def flow(client: OAuth2Client, here: Loopback) -> None:
    asked = client.authorization_request(scope=FACTS["scope"])
    answer = asked.validate_callback(here.visit(asked.uri))
    first = client.authorization_code(answer, validate=True)
    assert first.id_token.sub == client.userinfo(first)["sub"]
    second = client.refresh_token(first)
    assert second.access_token != first.access_token
    user = client.userinfo(second)
    told = client.introspect_token(second)
    assert told["active"] is True
    assert told["sub"] == user["sub"]
    assert client.revoke_refresh_token(second) is True
    gone = requests.get(client.userinfo_endpoint, auth=second, timeout=10)
    assert gone.status_code == 401
    started = client.authorize_device(scope=FACTS["plainScope"])
    typed(started.verification_uri, started.user_code)
    device = client.device_code(started)
    assert device.refresh_token
    tell(done={"email": user["email"], "sub": user["sub"]})


main()
