"""Checking tokens beside the server itself: a session that has ended opens nothing, at once."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keyturn.server.clock import instant
from keyturn.server.resource.access import LARGEST_TOKEN, VerifiedAccess
from keyturn.server.resource.errors import InvalidToken, KeysUnavailable
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keyturn.server.resource.metadata import ProtectedResource
    from keyturn.server.services import Services


class MountedVerifier:
    """Checks tokens against the sessions of a server in the same process.

    Args:
        server: What ``create_app`` returned; it need not have started yet.
        resource: The API. Its issuer is that server's, its uri one that the server declares.
    """

    def __init__(self, server: FastAPI, resource: ProtectedResource) -> None:
        self._server, self._resource = server, resource

    async def _opened(self) -> Services:
        services: Services | None = getattr(self._server.state, "services", None)
        if services is None:
            # A server that nobody has started opens with its first request: this is one.
            await self._server(self._request(), _no_body, _ignore)
            services = getattr(self._server.state, "services", None)
        if services is None:
            raise KeysUnavailable("the server cannot start")
        return services

    def _request(self) -> dict[str, Any]:
        prefix = urlsplit(self._resource.issuer).path
        path = f"{prefix}/oauth/jwks"
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "root_path": prefix,
            "query_string": b"",
            "headers": [],
            "client": None,
            "server": None,
        }

    async def verify(self, token: str) -> VerifiedAccess:
        """Return what a good token says, whose session is alive.

        Raises:
            InvalidToken: it opens nothing here.
            KeysUnavailable: the database cannot be asked now.
        """
        if len(token) > LARGEST_TOKEN:
            raise InvalidToken("too large")
        services = await self._opened()
        try:
            found = await services.oauth.introspection.open_access_token(token)
            if found is None or services.settings.issuer != self._resource.issuer:
                raise InvalidToken("not a token of a live session of this issuer")
            access, session = found
            if access.audience != self._resource.uri:
                raise InvalidToken("for another audience")
            # Used at this server: the token before it has served (server promise S-32).
            await services.oauth.refreshing.note_use(access, session)
        except StorageUnavailable:
            raise KeysUnavailable("the database cannot be asked") from None
        return VerifiedAccess(
            subject=access.user_id,
            client_id=access.client_id,
            scope=access.scope,
            expires_at=instant(access.expires_at * 1000),
            claims={"sid": access.session_id, "jti": access.id, "aud": access.audience},
        )


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _ignore(message: MutableMapping[str, Any]) -> None:
    """Take an answer that nobody reads."""
