"""Refreshing (RFC 6749 section 6): the current token of a family gives its next generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth import rules
from keyturn.server.oauth.errors import Refused, invalid_grant
from keyturn.server.sessions import store as sessions

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.issue import Issuer
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work


class RefreshGrant:
    """Rotates families (server promises S-25, S-30 and S-34)."""

    def __init__(self, storage: Storage, clock: Clock, sessions: Sessions, issuer: Issuer) -> None:
        self._storage, self._clock = storage, clock
        self._sessions, self._issuer = sessions, issuer

    async def refresh(
        self, token: str, *, client: Client, scope: str | None, ip: str | None
    ) -> dict[str, Any]:
        """Return the token answer of the next generation, once that is durable.

        Raises:
            Refused: ``invalid_grant``, or ``invalid_scope`` where more is asked for than is held.
        """
        named = self._sessions.read_refresh_token(token)
        if named is None:
            raise _refused()
        session, granted = await self._storage.write(
            _rotate, named, client, scope, ip, self._clock.now_ms()
        )
        return await self._issuer.answer(session, client, scope=granted)


def _rotate(
    named: FamilyToken, client: Client, scope: str | None, ip: str | None, now: int
) -> Work[tuple[Session, str]]:
    session = yield from sessions.rotate(
        named.family_id,
        generation=named.generation,
        sibling=named.sibling,
        ip=ip,
        now=now,
    )
    # Whatever is raised from here on undoes the rotation, so the token stays as good as it was.
    if session is None or session.client_id != client.id:
        raise _refused()
    try:
        return session, rules.narrowed_scope(scope, session.scope)
    except rules.ScopeRefused:
        raise Refused("invalid_scope", "the session does not hold that scope") from None


def _refused() -> Refused:
    return invalid_grant("the refresh token is no longer good")
