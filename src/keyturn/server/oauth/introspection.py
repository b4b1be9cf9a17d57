"""Token introspection (RFC 7662): what a token is worth now, told to those it concerns only.

An API asks as a confidential client of the token's project; a program may ask about its own tokens.
For everybody else every token is inactive, so nothing can be learned by asking (section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth import store
from keyturn.server.sessions import rotation
from keyturn.server.sessions.rotation import Step

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.access_token import AccessToken, AccessTokens
    from keyturn.server.oauth.refresh import RefreshGrant
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage

_GOOD = frozenset({Step.ROTATE, Step.REPEAT, Step.SIBLING})


class Introspection:
    """Says whether tokens of this issuer are still good (server promise S-26)."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        sessions: Sessions,
        access_tokens: AccessTokens,
        refreshing: RefreshGrant,
        *,
        issuer: str,
    ) -> None:
        self._storage, self._clock, self._sessions = storage, clock, sessions
        self._access_tokens, self._refreshing = access_tokens, refreshing
        self._issuer = issuer

    async def describe(self, token: str, *, client: Client) -> dict[str, Any]:
        """Return the answer of section 2.2; ``active: false`` and nothing else where it is not."""
        named = self._sessions.read_refresh_token(token)
        if named is not None:
            return await self._refresh_token(named, client)
        found = await self.open_access_token(token)
        if found is None or not _concerns(client, found[1]):
            return _inactive()
        access, session = found
        # Whoever holds the access token has received it: its predecessor has served (S-32).
        await self._refreshing.note_use(access, session)
        return self._access_token(access)

    async def open_access_token(self, token: str) -> tuple[AccessToken, Session] | None:
        """Return a token for whatever resource, and its session; ``None`` where either has ended.

        The account is looked at too: a disabled one has no good tokens.
        """
        access = await self._access_tokens.read_any(token)
        session = await self._sessions.find(access.session_id) if access else None
        if access is None or session is None or not await self._is_good(session):
            return None
        return access, session

    async def _is_good(self, session: Session) -> bool:
        if not session.is_alive(now=self._clock.now_ms()):
            return False
        return await self._storage.read(store.user_may_sign_in, session.user_id)

    async def _refresh_token(self, named: FamilyToken, client: Client) -> dict[str, Any]:
        session = await self._sessions.find(named.family_id)
        # A refresh token is its own client's alone: no API is ever given one.
        if session is None or session.client_id != client.id or not await self._is_good(session):
            return _inactive()
        if rotation.judge(session, named, now=self._clock.now_ms()).step not in _GOOD:
            return _inactive()
        return {
            "active": True,
            "scope": session.scope,
            "client_id": client.id,
            "sub": session.user_id,
            "iss": self._issuer,
            "exp": session.ends_at() // 1000,
        }

    def _access_token(self, access: AccessToken) -> dict[str, Any]:
        return {
            "active": True,
            "scope": " ".join(sorted(access.scope)),
            "client_id": access.client_id,
            "token_type": "Bearer",
            "sub": access.user_id,
            "aud": access.audience,
            "iss": self._issuer,
            "iat": access.issued_at,
            "exp": access.expires_at,
            "jti": access.id,
            "sid": access.session_id,
        }


def _concerns(client: Client, session: Session) -> bool:
    if session.client_id == client.id:
        return True
    # A program that registered itself may have a secret; that makes it no API of the operator's.
    trusted = client.vetted and not client.is_public
    return trusted and session.project_id == client.project_id


def _inactive() -> dict[str, Any]:
    return {"active": False}
