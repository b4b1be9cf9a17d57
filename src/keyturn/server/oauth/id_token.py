"""ID tokens (OpenID Connect Core section 2): who signed in, told to the client that asked.

They open nothing here. One is read again only as a hint of whom a request is about.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import store as accounts
from keyturn.server.keys import jwt
from keyturn.server.keys.service import ID_TOKENS, OAUTH
from keyturn.server.oauth import claims

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.keys.service import SigningKeys
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.rules import Session
    from keyturn.server.storage.base import Storage

SECONDS = 3600
TYP = "JWT"
_PURPOSES = {"RS256": ID_TOKENS, "ES256": OAUTH}


class IdTokens:
    """Writes ID tokens, and reads them as hints."""

    def __init__(self, storage: Storage, keys: SigningKeys, clock: Clock, *, issuer: str) -> None:
        self._storage, self._keys, self._clock = storage, keys, clock
        self._issuer = issuer

    async def write(
        self, session: Session, client: Client, *, access_token: str, nonce: str | None
    ) -> str:
        """Return the ID token of a session, issued together with ``access_token``.

        Args:
            session: The client's session; its ``authenticated_at`` 0 means that nobody knows.
            client: Its audience, which also says how it is signed: RS256 unless told otherwise.
            access_token: What ``at_hash`` is taken of.
            nonce: What the authorization request carried; a refresh has none.
        """
        now = self._clock.now_ms() // 1000
        told: dict[str, Any] = {
            "iss": self._issuer,
            "sub": session.user_id,
            "aud": client.id,
            "iat": now,
            "exp": now + SECONDS,
            "at_hash": half_hash(access_token),
        }
        if session.authenticated_at:
            told["auth_time"] = session.authenticated_at // 1000
        if nonce is not None:
            told["nonce"] = nonce
        if session.claims is not None:
            told = {**await self._asked_for(session), **told}
        keys = await self._keys.of(_PURPOSES[client.id_token_alg])
        return jwt.sign(told, keys.signing, typ=TYP)

    async def subject_of_hint(self, token: str, client: Client) -> str | None:
        """Return whom an ``id_token_hint`` names: an ID token of this client, expired or not.

        ``None`` where it is none of ours. Keys long retired still count: a hint opens nothing.
        """
        keys = await self._keys.ever_of(ID_TOKENS) | await self._keys.ever_of(OAUTH)
        try:
            told = jwt.read(token, keys, typ=TYP)
        except jwt.BadToken:
            return None
        if (told.get("iss"), told.get("aud")) != (self._issuer, client.id):
            return None
        return str(told["sub"])

    async def _asked_for(self, session: Session) -> dict[str, Any]:
        asked = claims.stored_claims(session.claims)
        told: dict[str, Any] = {"acr": claims.ACR} if asked.acr else {}
        if asked.id_token:
            user = await self._storage.read(accounts.by_id, session.project_id, session.user_id)
            told |= claims.about(user, asked.id_token) if user is not None else {}
        return told


def half_hash(token: str) -> str:
    """Return ``at_hash``: the left half of the SHA-256 (Core section 3.1.3.6)."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")
