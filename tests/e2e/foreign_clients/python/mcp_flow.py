"""The MCP SDK's client at an MCP server behind our door: 401, metadata, registration, tokens.

The MCP server and its client are the SDK's own. Between them stands ``RequireAccessToken``, as
anybody would put it before an API; it checks tokens with the issuer's published keys.
"""

import asyncio
import socket
from urllib.parse import parse_qs, urlsplit

import httpx2
import uvicorn
from common import FACTS, Loopback, tell
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from keyturn.server.resource import (
    ProtectedResource,
    RemoteKeys,
    RequireAccessToken,
    Verifier,
)

RESOURCE: str = FACTS["resource"]


class Memory:
    """The SDK's storage contract, kept in this process."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def behind_the_door() -> RequireAccessToken:
    server = MCPServer("notes")

    @server.tool()
    def count_notes() -> int:
        """Count the notes."""
        return 3

    resource = ProtectedResource(uri=RESOURCE, issuer=FACTS["issuer"], scopes=("notes.read",))
    keys = RemoteKeys(f"{FACTS['issuer']}/oauth/jwks", unsafe_allow_private_addresses=True)
    return RequireAccessToken(
        server.streamable_http_app(),
        resource=resource,
        verifier=Verifier(resource, keys=keys),
        scopes=["notes.read"],
    )


async def count(http: httpx2.AsyncClient) -> str:
    async with Client(streamable_http_client(RESOURCE, http_client=http)) as client:
        answer = await client.call_tool("count_notes", {})
        return answer.content[0].text


async def flow() -> None:
    here, memory, came = Loopback(), Memory(), []

    async def send_the_person(url: str) -> None:
        came.append(await asyncio.to_thread(here.visit, url))

    async def come_back() -> AuthorizationCodeResult:
        answer = {name: values[0] for name, values in parse_qs(urlsplit(came[-1]).query).items()}
        return AuthorizationCodeResult(
            code=answer["code"], state=answer["state"], iss=answer["iss"]
        )

    provider = OAuthClientProvider(
        RESOURCE,
        OAuthClientMetadata(
            client_name="MCP inspector",
            redirect_uris=[here.redirect_uri],
            token_endpoint_auth_method="none",
        ),
        memory,
        send_the_person,
        come_back,
    )
    async with httpx2.AsyncClient(auth=provider, timeout=20) as http:
        assert await count(http) == "3"
        first = memory.tokens
        assert first is not None
        provider.context.token_expiry_time = 1.0  # long ago: the SDK renews by itself
        assert await count(http) == "3"
        assert memory.tokens.access_token != first.access_token
    async with httpx2.AsyncClient() as stranger:
        refused = await stranger.post(RESOURCE, json={})
        assert refused.status_code == 401
    assert len(came) == 1  # the person was asked once
    tell(
        done={
            "client_id": memory.client.client_id,
            "scope": memory.tokens.scope,
            "access_token": memory.tokens.access_token,
        }
    )


async def main() -> None:
    door = socket.socket(fileno=FACTS["listening"])
    config = uvicorn.Config(behind_the_door(), log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        await flow()
    finally:
        server.should_exit = True
        await serving


asyncio.run(main())
