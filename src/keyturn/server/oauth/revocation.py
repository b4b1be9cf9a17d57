"""Token revocation (RFC 7009): any token of a family ends the whole family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.oauth.errors import Refused

if TYPE_CHECKING:
    from keyturn.server.oauth.access_token import AccessTokens
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.service import Sessions


class Revocation:
    """Ends sessions for the client that holds one of their tokens (server promise S-26)."""

    def __init__(self, sessions: Sessions, access_tokens: AccessTokens) -> None:
        self._sessions, self._access_tokens = sessions, access_tokens

    async def revoke(self, token: str, *, client: Client, ip: str | None) -> None:
        """End the family of a refresh token of any generation, or of a live access token.

        A token that is unknown, or whose family has ended, is no error (section 2.2).

        Raises:
            Refused: the token was issued to another client (section 2.1).
        """
        session_id = await self._family_of(token)
        session = await self._sessions.find(session_id) if session_id else None
        if session is None:
            return
        if session.client_id != client.id:
            raise Refused("invalid_request", "the token was not issued to this client")
        await self._sessions.end(session.id, reason="revoked by its program", ip=ip)

    async def _family_of(self, token: str) -> str | None:
        named = self._sessions.read_refresh_token(token)
        if named is not None:
            return named.family_id
        access = await self._access_tokens.read_any(token)
        return access.session_id if access else None
