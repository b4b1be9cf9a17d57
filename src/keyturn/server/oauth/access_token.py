"""JWT access tokens (RFC 9068): written for a session, read at this server's own doors."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyturn.server.keys import jwt
from keyturn.server.keys.service import OAUTH

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.keys.service import SigningKeys
    from keyturn.server.sessions.rules import Session

TYP = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What a valid access token says. Instants are seconds since 1970."""

    session_id: str
    generation: int
    sibling: int
    user_id: str
    client_id: str
    audience: str
    scope: frozenset[str]
    id: str
    issued_at: int
    expires_at: int


class AccessTokens:
    """Writes and reads the access tokens of this issuer."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, issuer: str, seconds: int) -> None:
        self._keys, self._clock = keys, clock
        self._issuer, self._seconds = issuer, seconds
        # An id must be unique, not secret: random bytes for each would cost a system call.
        self._run, self._count = secrets.token_urlsafe(12), itertools.count()

    async def write(self, session: Session, *, scope: str, audience: str) -> tuple[str, int]:
        """Return a fresh token of a session's current generation, and its life in seconds.

        It is good at one place only: ``audience``, a resource or this issuer (RFC 9068 section 3).
        """
        keys = await self._keys.of(OAUTH)
        now = self._clock.now_ms() // 1000
        # A token never outlives the session it stands for.
        life = max(1, min(self._seconds, session.absolute_expires_at // 1000 - now))
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": session.user_id,
            "client_id": session.client_id,
            "scope": scope,
            "iat": now,
            "exp": now + life,
            "jti": f"{self._run}{next(self._count):x}",
            "sid": session.id,
            "gen": session.generation,
            "sib": session.sibling,
        }
        if session.authenticated_at:  # 0: the app around us has not said
            claims["auth_time"] = session.authenticated_at // 1000
        return jwt.sign(claims, keys.signing, typ=TYP), life

    async def read(self, token: str) -> AccessToken | None:
        """Return what a token of ours, for us and not expired, says; ``None`` for all others.

        Whether its session still lives is the caller's to ask.
        """
        found = await self.read_any(token)
        return found if found is not None and found.audience == self._issuer else None

    async def read_any(self, token: str) -> AccessToken | None:
        """Read a token for whatever resource. Its holder must have no more of it than it had.

        For doors that end, acknowledge or describe a token, never for one that it opens.
        """
        keys = await self._keys.of(OAUTH)
        try:
            claims = jwt.read(token, keys.published, typ=TYP)
        except jwt.BadToken:
            return None
        if claims.get("iss") != self._issuer or not isinstance(claims.get("aud"), str):
            return None
        if not self._clock.now_ms() < claims.get("exp", 0) * 1000:
            return None
        return _from_claims(claims)


def _from_claims(claims: dict[str, Any]) -> AccessToken:
    return AccessToken(
        session_id=claims["sid"],
        generation=claims["gen"],
        sibling=claims["sib"],
        user_id=claims["sub"],
        client_id=claims["client_id"],
        audience=claims["aud"],
        scope=frozenset(claims["scope"].split()),
        id=claims["jti"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
    )
